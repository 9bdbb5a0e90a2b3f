"""What hosts register, and the order in which policies are asked."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.test import modify_settings, override_settings

from django_sla import registry
from django_sla.core.condition import where
from django_sla.core.metric import METRICS, RESPONSE, Fact, Metric
from django_sla.core.policy import Policy, Source, choose
from django_sla.exceptions import AlreadyRegistered, InvalidSettings, NotRegistered
from django_sla.registry import (
    Watch,
    metrics,
    policies,
    register_metric,
    register_policy,
    register_recipients,
    unregister_metric,
    unregister_policy,
    watch_comments,
    watches,
)
from tests.conftest import MONDAY
from tests.hosts.desk.models import Comment, Ticket

TRIAGE = Metric(name="triage", starts=Fact.OPENED, stops=frozenset({Fact.AGENT_REPLIED}))


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    """Whatever a test registers is gone after it."""
    tables: tuple[dict[str, Any], ...] = (
        registry._metrics,
        registry._policies,
        registry.recipients,
        watches,
    )
    before = [dict(table) for table in tables]
    with override_settings(DJANGO_SLA={}):
        yield
    for table, content in zip(tables, before, strict=True):
        table.clear()
        table.update(content)
    registry.metrics.cache_clear()
    registry._forget_policies()


def names() -> list[str]:
    return [policy.name for policy in policies()]


def vip(**options: Any) -> Policy:
    return Policy.build("VIP", {"*": {"response": "1h"}}, **options)


# Metrics


def test_a_registered_metric_comes_after_those_that_are_built_in() -> None:
    assert metrics() == METRICS
    register_metric(TRIAGE)
    assert metrics() == (*METRICS, TRIAGE)
    unregister_metric("triage")
    assert metrics() == METRICS


def test_a_metric_registered_again_changes_nothing() -> None:
    register_metric(TRIAGE)
    register_metric(replace(TRIAGE))
    register_metric(RESPONSE)
    assert metrics() == (*METRICS, TRIAGE)


@pytest.mark.parametrize("metric", [TRIAGE, RESPONSE])
def test_another_metric_of_the_same_name_is_refused(metric: Metric) -> None:
    register_metric(TRIAGE)
    with pytest.raises(AlreadyRegistered, match=f"metric '{metric.name}' is there already"):
        register_metric(replace(metric, pauses=True))
    assert metrics() == (*METRICS, TRIAGE)


@pytest.mark.parametrize("name", ["traige", "response"])
def test_only_a_registered_metric_can_be_taken_back(name: str) -> None:
    register_metric(TRIAGE)
    with pytest.raises(NotRegistered, match=f"No metric '{name}' is registered; there is triage"):
        unregister_metric(name)
    assert metrics() == (*METRICS, TRIAGE)


# Policies


def test_policies_are_asked_in_order_code_settings_default() -> None:
    setting = {"POLICIES": [{"name": "Operations", "goals": {}}, {"name": "Net", "goals": {}}]}
    assert names() == ["default"]
    register_policy(vip())
    register_policy(Policy.build("Others", {}))
    with override_settings(DJANGO_SLA=setting):
        assert names() == ["VIP", "Others", "Operations", "Net", "default"]
        sources = [policy.source for policy in policies()]
        assert sources == [Source.CODE] * 2 + [Source.SETTINGS] * 2 + [Source.DEFAULT]
    assert names() == ["VIP", "Others", "default"]
    unregister_policy("VIP")
    assert names() == ["Others", "default"]


def test_every_ticket_finds_a_policy() -> None:
    register_policy(vip(when=where(vip=True)))
    found = [choose(policies(), {"vip": vip}, MONDAY) for vip in (True, False)]
    assert [policy.name for policy in found if policy] == ["VIP", "default"]


def test_policies_are_kept_until_something_changes() -> None:
    register_policy(vip())
    assert policies() is policies()


def test_the_source_of_a_registered_policy_is_code() -> None:
    register_policy(vip(source=Source.DATABASE))
    assert policies()[0].source is Source.CODE


def test_an_equal_policy_registered_again_changes_nothing() -> None:
    register_policy(vip(when=where(vip=True)))
    register_policy(vip(when=where(vip=True), source=Source.DATABASE))
    assert names() == ["VIP", "default"]


@pytest.mark.parametrize(
    "other", [vip(at_risk=50), vip(when=where(vip=True)), Policy.build("VIP", {})]
)
def test_another_policy_of_the_same_name_is_refused(other: Policy) -> None:
    register_policy(vip())
    with pytest.raises(AlreadyRegistered, match="policy 'VIP' is there already"):
        register_policy(other)
    assert policies()[0] == vip()


def test_the_name_of_the_built_in_policy_is_taken() -> None:
    with pytest.raises(AlreadyRegistered, match="policy 'default'"):
        register_policy(Policy.build("default", {}))
    assert names() == ["default"]


def test_only_a_registered_policy_can_be_taken_back() -> None:
    with pytest.raises(NotRegistered, match="No policy 'VIP' is registered; there is none"):
        unregister_policy("VIP")
    with pytest.raises(LookupError):
        unregister_policy("default")


def test_wrong_settings_are_not_kept() -> None:
    with override_settings(DJANGO_SLA={"AT_RISK": 0}), pytest.raises(InvalidSettings):
        policies()
    assert names() == ["default"]


# Recipients


def test_recipients_are_registered_once() -> None:
    def on_duty(ticket: Any) -> list[str]:
        return ["duty@example.com"]

    register_recipients("duty", on_duty)
    register_recipients("duty", on_duty)
    assert registry.recipients == {"duty": on_duty}
    with pytest.raises(AlreadyRegistered, match="recipients"):
        register_recipients("duty", lambda ticket: [])


# Comments


@pytest.mark.parametrize("model", [Comment, "desk.Comment", "desk.comment"])
def test_a_watch_is_stored_under_the_label_of_its_model(model: Any) -> None:
    watches.clear()
    watch_comments(model, ticket="ticket", author="author", public=True)
    assert watches == {
        "desk.comment": Watch(
            ticket="ticket", author="author", public=True, at=None, responder=None
        )
    }


def test_a_watch_keeps_all_it_is_told() -> None:
    def public(comment: Any) -> bool:
        return True

    def responder(user: Any, ticket: Any) -> bool:
        return True

    watch_comments("a.B", ticket="t", author="w", public=public, at="when", responder=responder)
    assert watches["a.b"] == Watch(
        ticket="t", author="w", public=public, at="when", responder=responder
    )


def test_an_equal_watch_changes_nothing_and_another_is_refused() -> None:
    for _ in range(2):
        watch_comments("a.B", ticket="ticket", author="author", public="is_public")
    with pytest.raises(AlreadyRegistered, match=r"watch on 'a\.b' is there already"):
        watch_comments("a.B", ticket="ticket", author="author", public="visible")
    assert watches["a.b"].public == "is_public"


# Autodiscovery


def test_the_sla_module_of_each_app_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "spare").mkdir()
    (tmp_path / "spare" / "__init__.py").touch()
    (tmp_path / "spare" / "sla.py").write_text(
        "from django_sla.conf import settings\n"
        "from django_sla.core.policy import Policy\n"
        "from django_sla.registry import register_policy\n"
        'always = settings.calendars["always"]\n'
        'register_policy(Policy.build("Spare", {}, calendar=always))\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    # Its path, as a responder in the same module has it; it must not be imported too early.
    setting = {"RESPONDER": "spare.sla.is_responder"}
    with override_settings(DJANGO_SLA=setting), modify_settings(INSTALLED_APPS={"append": "spare"}):
        assert names() == ["Spare", "default"], "the apps are ready"
        registry.autodiscover()
        assert names() == ["Spare", "default"], "a module is imported once"
    del sys.modules["spare"], sys.modules["spare.sla"]


def test_ticket_models_are_there() -> None:
    assert registry.tickets[Ticket] is Ticket.sla
