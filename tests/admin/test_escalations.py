"""Escalations in the form of a policy, and wherever else the admin tells of them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from django_sla import registry
from django_sla.admin.escalation_form import moment_of
from django_sla.core.metric import Fact, Metric
from django_sla.models import Policy
from tests.admin.browser import Form
from tests.admin.test_policies import ADD, GOAL, LIST, VALUES, html, page_of, policy, staff
from tests.admin.test_policies import desk as desk
from tests.admin.test_policies import site as site

pytestmark = pytest.mark.django_db

DUE: dict[str, Any] = {"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}
OPS = {"ops": {"backend": "django_sla.channels.Channel"}}
"""A channel that has a destination of its own."""


def cells(number: int, **typed: str) -> dict[str, str]:
    """What is typed into a row of the table."""
    return {f"escalations-{number}-{name}": text for name, text in typed.items()}


@pytest.fixture
def lead() -> Iterator[None]:
    registry.recipients["lead"] = lambda ticket: ticket.assignee
    yield
    del registry.recipients["lead"]


# What a policy begins with


def test_a_new_policy_has_what_ships_switched_off(site: Client, lead: None) -> None:
    form = Form(site, ADD)
    assert "escalations-default" not in form.data
    assert "escalations-0-enabled" not in form.data
    assert form.data["escalations-0-when"] == "at_risk"
    assert form.data["escalations-1-to"] == "assignee, lead"
    form.saved(name="Gold", **{GOAL: "4h"})
    assert Policy.objects.get().escalations == [
        DUE | {"when": "at_risk", "enabled": False},
        DUE | {"to": ["assignee", "lead"], "enabled": False},
    ]


def test_what_ships_names_nobody_whom_this_project_does_not_have(site: Client) -> None:
    assert Form(site, ADD).data["escalations-1-to"] == "assignee"


def test_one_is_switched_on_with_one_click(site: Client) -> None:
    Form(site, ADD).saved(name="Gold", **{GOAL: "4h"}, **cells(1, enabled="on"))
    policy = Policy.objects.get()
    assert policy.escalations == [DUE | {"when": "at_risk", "enabled": False}, DUE]


def test_a_new_policy_begins_with_what_the_settings_say(site: Client, settings: Any) -> None:
    settings.DJANGO_SLA = {"ESCALATIONS": [DUE | {"when": "80%", "to": "lead"}]}
    form = Form(site, ADD)
    assert form.data["escalations-0-enabled"] == "on"
    assert form.data["escalations-0-when"] == "percent"
    assert form.data["escalations-0-amount"] == "80"
    assert form.data["escalations-0-to"] == "lead"


# As the settings say


def test_a_policy_may_leave_it_to_the_settings(site: Client, settings: Any) -> None:
    settings.DJANGO_SLA = {"ESCALATIONS": [DUE, DUE | {"when": "80%", "enabled": False}]}
    form = Form(site, ADD)
    assert "As the settings say: Any metric, when due: email to assignee</label>" in form.html
    form.saved(name="Gold", **{GOAL: "4h", "escalations-default": "on"})
    row = Policy.objects.get()
    assert row.escalations is None
    again = Form(site, page_of(row))
    assert again.data["escalations-default"] == "on"
    assert again.data["escalations-0-to"] == "assignee", "to begin with, should it be unticked"
    again.saved()
    row.refresh_from_db()
    assert row.escalations is None


def test_what_stands_in_the_table_does_not_matter_then(site: Client) -> None:
    row = policy(escalations=[DUE])
    Form(site, page_of(row)).saved(**{"escalations-default": "on"}, **cells(0, amount="soon"))
    row.refresh_from_db()
    assert row.escalations is None


def test_nobody_is_told_is_something_else(site: Client) -> None:
    row = policy(escalations=[DUE])
    form = Form(site, page_of(row))
    assert "escalations-default" not in form.data
    form.saved(**cells(0, when="", to=""))
    row.refresh_from_db()
    assert row.escalations == []
    assert "escalations-default" not in Form(site, page_of(row)).data


# Rows


def test_escalations_are_added(site: Client) -> None:
    Group.objects.create(name="Night, shift")
    form = Form(site, ADD)
    form.data["escalations-TOTAL_FORMS"] = "5"  # as the script does for other rows
    whom = 'assignee, "group:Night, shift", ops@example.com'
    form.saved(
        name="Gold",
        **{GOAL: "4h"},
        **cells(0, when="percent", amount="80 %", enabled="on"),
        **cells(1, when="before", amount="0.5h", metric="response", to=whom),
        **cells(2, when="after", amount="1d", to="assignee", enabled="on", in_hours="on"),
        **cells(3, when="due", amount="", to="assignee", enabled="on"),
        **cells(4, when="percent", amount="100", to="assignee", enabled="on"),
    )
    assert Policy.objects.get().escalations == [
        DUE | {"when": "80%"},
        DUE
        | {
            "when": "30m before",
            "metric": "response",
            "to": ["assignee", "group:Night, shift", "ops@example.com"],
            "enabled": False,
        },
        DUE | {"when": "1d after", "in_hours": True},
        DUE,
        DUE,
    ]


def test_saved_ones_are_shown_and_saved_again_as_they_are(site: Client) -> None:
    Group.objects.create(name="Night, shift")
    row = policy(
        escalations=[
            DUE | {"when": "at_risk"},
            DUE | {"when": "80%", "in_hours": True, "enabled": False},
            DUE | {"when": "30m before", "to": ["group:Night, shift"]},
            DUE | {"when": "1h 30m after", "metric": "response"},
        ]
    )
    form = Form(site, page_of(row))
    shown = [
        [form.data.get(f"escalations-{number}-{name}") for name in ("enabled", "when", "amount")]
        for number in range(5)
    ]
    assert shown == [
        ["on", "at_risk", ""],
        [None, "percent", "80"],
        ["on", "before", "30m"],
        ["on", "after", "1h 30m"],
        ["on", "", ""],
    ]
    assert form.data["escalations-2-to"] == '"group:Night, shift"'
    before = row.escalations
    form.saved()
    row.refresh_from_db()
    assert row.escalations == before


def test_metrics_of_the_host_and_channels_of_the_settings_are_offered(
    site: Client, settings: Any
) -> None:
    settings.DJANGO_SLA = {"CHANNELS": OPS}
    archiving = Metric(name="archiving", starts=Fact.RESOLVED, stops=frozenset({Fact.CLOSED}))
    registry.register_metric(archiving)
    try:
        form = Form(site, ADD)
    finally:
        registry.unregister_metric("archiving")
    assert form.options["escalations-0-channel"] == ["email", "ops"]
    metrics = ["Any metric", "Response", "Resolution", "Next response", "Closure", "Archiving"]
    assert form.options["escalations-0-metric"] == metrics


@pytest.mark.parametrize(
    ("typed", "cell", "message"),
    [
        ({"when": ""}, "when", "Say when."),
        ({"when": "soon"}, "when", "Select a valid choice. soon is not one of the available"),
        ({"when": "due", "amount": "1h"}, "amount", "Leave this empty, or choose another “When”."),
        ({"when": "percent"}, "amount", "Give a whole percentage from 1 to 1000."),
        ({"when": "percent", "amount": "0"}, "amount", "Give a whole percentage from 1 to 1000."),
        ({"when": "before", "amount": "30"}, "amount", "Give a time such as 30m or 1h."),
        ({"when": "after", "amount": ""}, "amount", "Give a time such as 30m or 1h."),
        ({"when": "after", "amount": "0h"}, "amount", "Give a time such as 30m or 1h."),
        ({"to": ""}, "to", "Say whom the channel “email” should tell."),
        (
            {"to": "boss, assignee, chief"},
            "to",
            "Nobody knows “boss”. Nobody knows “chief”. "
            "There is assignee, a group such as group:Managers, or an address.",
        ),
        ({"to": "group:Managers"}, "to", "Nobody knows “group:Managers”."),
        ({"channel": "ops"}, "to", "The channel “ops” has a destination of its own; name nobody."),
        ({"channel": "ops", "to": "", "when": ""}, "when", "Say when."),
    ],
)
def test_what_is_wrong_is_told_at_its_cell(
    site: Client, settings: Any, typed: dict[str, str], cell: str, message: str
) -> None:
    settings.DJANGO_SLA = {"CHANNELS": OPS}
    row = policy(escalations=[DUE | {"when": "at_risk"}, DUE])
    if typed.get("when") == "":
        typed = {"to": "assignee", **typed, "amount": "1"}
    again = Form(site, page_of(row)).refused(**cells(1, **typed))
    errors = again.errors()
    assert errors.pop("escalations") == ["Correct the cells that are marked."]
    ((place, (said,)),) = errors.items()
    assert place == f"escalations-1-{cell}"
    assert said.startswith(message)
    for name, text in typed.items():
        assert again.data[f"escalations-1-{name}"] == text or text == "soon"


def test_a_channel_that_needs_nobody(site: Client, settings: Any) -> None:
    settings.DJANGO_SLA = {"CHANNELS": OPS}
    Form(site, ADD).saved(
        name="Gold", **{GOAL: "4h"}, **cells(0, channel="ops", to="", enabled="on")
    )
    found = Policy.objects.get().escalations
    assert found is not None
    assert found[0] == {"metric": "*", "when": "at_risk", "channel": "ops", "to": []}


def test_whom_it_tells_is_looked_at_once_it_is_switched_on(site: Client) -> None:
    row = policy(escalations=[DUE | {"to": ["boss"], "enabled": False}])
    form = Form(site, page_of(row))
    form.saved()
    assert "escalations-0-to" in form.refused(**cells(0, enabled="on")).errors()


def test_what_is_gone_stays_in_the_form_and_is_refused(site: Client) -> None:
    row = policy()
    gone = [DUE | {"metric": "archiving", "channel": "pager"}, DUE | {"when": "soon"}]
    Policy.objects.filter(pk=row.pk).update(escalations=gone)
    form = Form(site, page_of(row))
    assert form.data["escalations-0-metric"] == "archiving"
    assert form.data["escalations-1-amount"] == "soon"
    errors = form.refused().errors()
    assert errors["escalations-0-metric"] == ["“archiving” is no metric."]
    assert errors["escalations-0-channel"] == ["There is no channel “pager”; there is email."]
    assert errors["escalations-1-when"] == ["Say when."]


def test_a_channel_that_cannot_be_made_is_told_at_its_cell(site: Client, settings: Any) -> None:
    settings.DJANGO_SLA = {"CHANNELS": {"ops": {"backend": "desk.nowhere.Pager"}}}
    again = Form(site, ADD).refused(name="Gold", **{GOAL: "4h"}, **cells(0, channel="ops"))
    assert "desk.nowhere" in again.errors()["escalations-0-channel"][0]


@pytest.mark.parametrize("said", ["at_risk", "due", "80%", "30m before", "1d 2h after"])
def test_what_two_cells_show_is_what_is_kept(said: str) -> None:
    shown = moment_of(said)
    end = {"percent": "%", "before": " before", "after": " after"}.get(shown["when"], "")
    assert (shown["amount"] + end or shown["when"]) == said


# Suggestions


def suggested(client: Client, text: str) -> list[str]:
    response = client.get(VALUES, {"field": "escalations.to", "q": text})
    return [found["value"] for found in json.loads(response.content)["values"]]


def test_names_and_groups_are_suggested(site: Client, lead: None) -> None:
    Group.objects.create(name="Managers")
    Group.objects.create(name="Night, shift")
    assert suggested(site, "") == ["assignee", "lead", "group:Managers", '"group:Night, shift"']
    assert suggested(site, "MANA") == ["group:Managers"]
    assert f'data-values="{VALUES}"' in Form(site, ADD).html


def test_groups_are_suggested_to_those_who_may_see_them() -> None:
    Group.objects.create(name="Managers")
    assert suggested(staff("change_policy"), "") == ["assignee"]
    assert suggested(staff("change_policy", "view_group"), "m") == ["group:Managers"]


# Those who may only look, and the history


def test_who_may_only_look_reads_them_in_words() -> None:
    reader = staff("view_policy")
    off = DUE | {"when": "30m before", "in_hours": True, "enabled": False}
    page = html(reader, page_of(policy(escalations=[DUE, off])))
    assert "Any metric, when due: email to assignee</span>" in page
    assert (
        "Any metric, 30m before it is due: email to assignee, in business hours (off)</span>"
    ) in page
    assert "nobody is told" in html(reader, page_of(policy("None", escalations=[])))
    assert "As the settings say: nobody is told" in html(reader, page_of(policy("Settings")))


def told_by_history(site: Client, row: Policy) -> list[tuple[str, str, str]]:
    newest = site.get(f"{LIST}{row.pk}/history/").context["page_obj"][0]
    return [(c["field"], c["old"], c["new"]) for c in newest.history_delta_changes]


def test_the_history_says_which_were_switched_on(site: Client) -> None:
    row = policy(escalations=[DUE | {"enabled": False}])
    form = Form(site, page_of(row))
    form.saved(**cells(0, enabled="on"), **cells(1, when="percent", amount="80", to="assignee"))
    assert told_by_history(site, row) == [
        ("Escalations: Any metric, when due: email to assignee", "off", "on"),
        ("Escalations: Any metric, at 80 % of the goal: email to assignee", "—", "on"),
    ]


def test_the_history_tells_nobody_from_what_the_settings_say(site: Client) -> None:
    row = policy()
    for escalations in ([], None):
        row.escalations = escalations
        row.save()
    assert told_by_history(site, row) == [("Escalations", "nobody is told", "as the settings say")]


def test_an_earlier_version_can_be_brought_back(site: Client) -> None:
    row = policy(escalations=[DUE])
    row.escalations = None
    row.save()
    form = Form(site, f"{LIST}{row.pk}/history/{row.history.earliest().pk}/")
    assert "escalations-default" not in form.data
    assert form.send().status_code == 302
    row.refresh_from_db()
    assert row.escalations == [DUE]
