"""What the system checks say, and that they say nothing where nothing is wrong."""

import ast
import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, run_checks
from django.db import OperationalError, models
from django.test import modify_settings, override_settings
from django.test.utils import isolate_apps
from django.utils.functional import lazystr

from django_sla import checks, registry
from django_sla.checks import comments as comment_checks
from django_sla.checks import project as project_checks
from django_sla.conf import NAME
from django_sla.core.condition import where
from django_sla.core.policy import Policy
from django_sla.integrations import comments
from django_sla.models import SLA, ClientIPHistory, SLAQuerySet
from django_sla.registry import Watch

STATUSES = ["open", "triage", "pending", "resolved", "closed"]
PRIORITIES = ["urgent", "high", "medium", "low"]

# Tests make several ticket models, one after the other.
pytestmark = pytest.mark.filterwarnings("ignore:Model 'desk.ticket' was already registered")


@pytest.fixture(autouse=True)
def _apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Models that only the checks know, and no policy but the built-in one."""
    monkeypatch.setattr(registry, "tickets", {})
    monkeypatch.setattr(registry, "watches", {})
    monkeypatch.setattr(registry, "_policies", {})
    registry._forget_policies()
    with override_settings(DJANGO_SLA={}), isolate_apps("tests.hosts.desk") as isolated:
        for module in (comment_checks, project_checks):
            monkeypatch.setattr(module, "apps", isolated)
        yield
    registry._forget_policies()


@pytest.fixture
def _installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The apps are the real ones."""
    for module in (comment_checks, project_checks):
        monkeypatch.setattr(module, "apps", apps)


def text(choices: Any = None) -> models.CharField:
    if isinstance(choices, list) and isinstance(choices[0], str):
        choices = [(value, value) for value in choices]
    return models.CharField(max_length=20, choices=choices)


def model(name: str = "Thing", /, **attributes: Any) -> Any:
    meta = type("Meta", (), {"app_label": "desk"})
    return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **attributes})


def ticket(sla: SLA | None = None, /, **attributes: Any) -> Any:
    """A ticket model with nothing wrong, but for what is given."""
    usual = {
        "status": text(),
        "priority": text(PRIORITIES),
        "objects": SLAQuerySet.as_manager(),
    }
    attributes = {name: value for name, value in (usual | attributes).items() if value is not None}
    found = model("Ticket", **attributes)
    found.sla = sla or SLA()
    found.sla.model = found
    registry.tickets[found] = found.sla
    return found


def foreign_key(to: Any) -> Any:
    return models.ForeignKey(to, models.CASCADE, related_name="+", null=True)


def said(check: Any = checks.check_tickets) -> list[tuple[str, str]]:
    """The short id of each message, and message and hint as one text."""
    return [_short(message) for message in check(None)]


def _short(message: CheckMessage) -> tuple[str, str]:
    assert message.id is not None
    prefix, id = message.id.split(".")
    assert prefix == "django_sla"
    assert message.msg.endswith((".", "?"))
    assert id.startswith("E" if message.level >= 40 else "W")
    return id, f"{message.msg} {message.hint or ''}".strip()


def only(id: str, check: Any = checks.check_tickets) -> str:
    """The text of the one message there is."""
    [(found, words)] = said(check)
    assert found == id
    return words


# The settings


def test_each_problem_of_the_setting_is_an_error_at_its_place() -> None:
    with override_settings(DJANGO_SLA={"AT_RISK": 0, "GOALZ": {}}):
        unknown, at_risk = checks.check_settings(None)
    assert str(unknown) == (
        '?: (django_sla.E001) there is no such key.\n\tHINT: Did you mean "GOALS"?'
    ).replace("?:", 'DJANGO_SLA["GOALZ"]:', 1)
    assert str(at_risk) == (
        'DJANGO_SLA["AT_RISK"]: (django_sla.E003) expected a whole percentage from 1 to 100, got 0.'
    )


def test_an_escalation_and_a_channel_that_are_wrong() -> None:
    row = {"when": "due", "channel": "email"}
    setting = {
        "ESCALATIONS": [row | {"when": "soon"}, row | {"channel": "emial"}],
        "CHANNELS": {"ops": {"backend": "django_sla.channels.Webhook"}},
    }
    with override_settings(DJANGO_SLA=setting):
        found = dict(said(checks.check_settings))
    assert list(found) == ["E009", "E050", "E051"]
    assert "when: expected" in found["E009"]
    assert 'Did you mean "email"?' in found["E050"]
    assert "'url' and 'secret'" in found["E051"]


@pytest.mark.usefixtures("_installed")
def test_a_wrong_setting_is_told_and_nothing_else_fails() -> None:
    ticket(status=text(STATUSES), priority=text(["P1"]))
    with override_settings(DJANGO_SLA={"AT_RISK": 0}):
        found = {message.id for message in run_checks(tags=["sla"])}
    assert found == {"django_sla.E003", "django_sla.W030"}


# The project


@pytest.mark.usefixtures("_installed")
class TestProject:
    def test_the_tests_themselves_are_right(self) -> None:
        assert said(checks.check_project) == []

    def test_without_time_zones(self) -> None:
        with override_settings(USE_TZ=False):
            assert "Set USE_TZ = True." in only("E010", checks.check_project)

    def test_without_simple_history(self) -> None:
        with modify_settings(INSTALLED_APPS={"remove": "simple_history"}):
            words = only("E011", checks.check_project)
        assert 'Add "simple_history" to INSTALLED_APPS.' in words

    def test_without_the_middleware(self) -> None:
        with modify_settings(MIDDLEWARE={"remove": checks.MIDDLEWARE}):
            assert checks.MIDDLEWARE in only("W010", checks.check_project)


# Policies


def test_two_policies_of_one_name() -> None:
    registry.register_policy(Policy.build("VIP", {}, when=where(status="open")))
    with override_settings(DJANGO_SLA={"POLICIES": [{"name": "VIP", "goals": {}}]}):
        [message] = checks.check_policies(None)
    assert (message.id, message.obj) == ("django_sla.E020", 'policy "VIP"')
    assert message.msg == "The policy of the settings has the name of one in code."


def test_a_goal_for_an_unknown_metric() -> None:
    with override_settings(DJANGO_SLA={"GOALS": {"urgent": {"respnse": "1h"}}}):
        words = only("E021", checks.check_policies)
        assert (
            words == "There is a goal for 'respnse', which is no metric. Did you mean \"response\"?"
        )
    registry.register_policy(Policy.build("VIP", {"*": {"xyz": "1h"}}))
    words = only("E021", checks.check_policies)
    assert "The metrics are response, resolution, next_response, closure." in words


@pytest.mark.parametrize("path", ["status", "status__in", "author", "author_id", "author__email"])
def test_a_condition_on_a_field_that_is_there(path: str) -> None:
    ticket(author=foreign_key(get_user_model()))
    model("Other")
    registry.register_policy(Policy.build("VIP", {}, when=where(**{path: [1]})))
    assert said(checks.check_policies) == []


def test_a_condition_on_a_property_or_on_a_field_of_another_ticket_model() -> None:
    ticket(is_vip=property(lambda ticket: True))
    ticket(customer=text())
    registry.register_policy(Policy.build("VIP", {}, when=where(is_vip=True, customer="x")))
    assert said(checks.check_policies) == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("statsu", 'Did you mean "status"?'),
        ("auhtor__email", 'Did you mean "author__email"?'),
        ("status__icontains", "compare for equality or, with __in, for membership"),
        ("author__groups__name", "at most one step across a relation"),
        ("xyz", "Name a field"),
    ],
)
def test_a_condition_on_a_field_that_no_ticket_model_has(path: str, hint: str) -> None:
    ticket(author=foreign_key(get_user_model()))
    registry.register_policy(Policy.build("VIP", {}, when=where(**{path: 1})))
    words = only("W020", checks.check_policies)
    assert f"The condition reads '{path}', which no ticket model has." in words
    assert hint in words


def test_conditions_wait_for_a_ticket_model() -> None:
    registry.register_policy(Policy.build("VIP", {}, when=where(anything=1)))
    assert said(checks.check_policies) == []


DUE = {"when": "due", "channel": "email", "to": ["assignee"]}


def escalated(**changes: Any) -> list[tuple[str | None, object, str]]:
    """What is said of an escalation: of a policy in code, of one in the settings, and of the
    settings for all."""
    row = DUE | changes
    found = []
    for in_code, setting in (
        ([row], {}),
        ([], {"POLICIES": [{"name": "Set", "goals": {}, "escalations": [row]}]}),
        ([], {"ESCALATIONS": [row], "POLICIES": [{"name": "Set", "goals": {}}]}),
    ):
        registry._policies.clear()
        registry.register_policy(
            Policy.build("VIP", {}, when=where(status="x"), escalations=in_code)
        )
        with override_settings(DJANGO_SLA=setting | {"CHANNELS": OPS}):
            for message in checks.check_policies(None):
                if message.id != "django_sla.W021":
                    found.append((message.id, message.obj, f"{message.msg} {message.hint}"))
    return found


OPS = {
    "ops": {"backend": "django_sla.channels.Channel"},
    "broken": {"backend": "nowhere.Channel"},
}
SAID_BY = ['policy "VIP"', 'policy "Set"', 'DJANGO_SLA["ESCALATIONS"]']


def test_escalations_with_nothing_wrong() -> None:
    ticket(assignee=foreign_key(get_user_model()))
    for to in ("assignee", "group:Night shift", "ops@example.com"):
        assert escalated(to=to, metric="next_response") == []
    assert escalated(channel="ops", to=[]) == []
    assert escalated(metric="reponse", to="nobody", enabled=False) == []


def test_an_escalation_of_a_metric_that_does_not_exist() -> None:
    ticket(assignee=foreign_key(get_user_model()))
    found = escalated(metric="reponse")
    assert [(id, by) for id, by, _words in found] == [("django_sla.E022", by) for by in SAID_BY]
    assert found[0][2] == (
        "There is an escalation for 'reponse', which is no metric. Did you mean \"response\"?"
    )
    assert 'closure; "*" is for all of them.' in escalated(metric="x")[0][2]


def test_an_escalation_of_a_policy_in_code_by_a_channel_that_does_not_exist() -> None:
    registry.register_policy(
        Policy.build("VIP", {}, when=where(status="x"), escalations=[DUE | {"channel": "pagre"}])
    )
    with override_settings(DJANGO_SLA={"CHANNELS": {"pager": OPS["ops"]}}):
        words = only("E023", checks.check_policies)
    assert "by 'pagre', which is no channel" in words
    assert 'Did you mean "pager"?' in words


def test_an_escalation_to_somebody_whom_nobody_knows() -> None:
    ticket(assignee=foreign_key(get_user_model()))
    found = escalated(to=["asignee", "ops@example.com"])
    assert [(id, by) for id, by, _words in found] == [("django_sla.W023", by) for by in SAID_BY]
    assert found[0][2] == (
        "There is an escalation to 'asignee', whom nobody knows. Did you mean \"assignee\"?"
    )
    assert (
        "There is assignee, group:… and any address; SLA(recipients=…) and"
        in (escalated(to="managers")[0][2])
    )


@pytest.mark.parametrize("channel", ["gone", "broken"])
def test_of_a_channel_that_cannot_be_used_nobody_knows_whom_it_reaches(channel: str) -> None:
    told = [id for id, _by, _words in escalated(channel=channel, to="nobody")]
    assert told == (["django_sla.E023"] if channel == "gone" else [])


def test_an_escalation_that_says_not_to_whom() -> None:
    found = escalated(to=[])
    assert [(id, by) for id, by, _words in found] == [("django_sla.W023", by) for by in SAID_BY]
    assert "by 'email' that says not to whom." in found[0][2]


def test_a_policy_that_is_never_asked() -> None:
    registry.register_policy(Policy.build("First", {}, when=where(status="open")))
    registry.register_policy(Policy.build("All", {}))
    with override_settings(DJANGO_SLA={"POLICIES": [{"name": "VIP", "goals": {}}]}):
        [message] = checks.check_policies(None)
    assert (message.id, message.obj) == ("django_sla.W021", 'policy "VIP"')
    assert message.msg == 'It is never asked, because policy "All" is for every ticket.'


def test_a_mapped_priority_without_goals() -> None:
    with override_settings(DJANGO_SLA={"PRIORITIES": {"P1": "urgnt", "P2": "high"}}):
        [message] = checks.check_policies(None)
        assert (message.id, message.obj) == ("django_sla.W022", 'DJANGO_SLA["PRIORITIES"]["p1"]')
        assert message.hint == 'Did you mean "urgent"?'
        registry.register_policy(
            Policy.build("VIP", {"*": {"response": "1h"}}, when=where(status="open"))
        )
        assert said(checks.check_policies) == []


# Fields of ticket models


def test_a_ticket_model_with_nothing_wrong() -> None:
    ticket(
        SLA(open=["open", "triage"], dimensions={"agent": "assignee"}),
        status=text(STATUSES),
        requester=foreign_key(get_user_model()),
        assignee=foreign_key(get_user_model()),
    )
    assert said() == []


@pytest.mark.parametrize("role", ["status", "priority", "requester"])
def test_a_named_field_that_does_not_exist(role: str) -> None:
    ticket(SLA(**{role: "stat"}), state=text())
    words = only("E030")
    assert words == f'SLA({role}="stat"): the model has no such field. Did you mean "state"?'


def test_what_others_point_with_is_no_field() -> None:
    owner = ticket(SLA(status="things"))
    model(owner=models.ForeignKey(owner, models.CASCADE, related_name="things"))
    assert 'SLA(status="things"): the model has no such field.' in only("E030")


def test_what_is_close_to_no_field_is_answered_with_all() -> None:
    ticket(SLA(status="xyz"))
    assert "Its fields are id, status, priority." in only("E030")


@pytest.mark.parametrize("role", ["status", "priority"])
def test_a_usual_field_that_is_missing(role: str) -> None:
    ticket(**{role: None, f"{role}s": text()})
    words = only("W033")
    assert f'The model has no field "{role}", so its tickets' in words
    assert f'Did you mean "{role}s"? Name yours, SLA({role}=…), or None.' in words


def test_a_missing_requester_matters_where_there_are_users() -> None:
    ticket()
    assert said() == []
    registry.tickets.clear()
    ticket(reporter=foreign_key(get_user_model()))
    assert "Name yours, SLA(requester=…), or None." in only("W033")


def test_a_ticket_model_may_do_without() -> None:
    ticket(
        SLA(status=None, priority=None, requester=None),
        status=None,
        priority=None,
        reporter=foreign_key(get_user_model()),
    )
    assert said() == []


@pytest.mark.parametrize(
    "path", ["assignee", "assignee_id", "assignee__email", "team__lead__email"]
)
def test_a_dimension_takes_any_number_of_steps(path: str) -> None:
    team = model("Team", lead=foreign_key(get_user_model()))
    ticket(
        SLA(requester=None, dimensions={"x": path}),
        assignee=foreign_key(get_user_model()),
        team=foreign_key(team),
    )
    assert said() == []


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("asignee", 'Did you mean "assignee"?'),
        ("assignee__mail", 'Did you mean "assignee__email"?'),
        ("status__email", ""),
        ("", ""),
    ],
)
def test_a_dimension_that_does_not_exist(path: str, hint: str) -> None:
    ticket(SLA(requester=None, dimensions={"agent": path}), assignee=foreign_key(get_user_model()))
    words = only("E030")
    assert f'SLA(dimensions={{"agent": "{path}"}}): the model has no such field.' in words
    assert hint in words


@pytest.mark.parametrize(
    ("who", "hint"),
    [
        ("asignee", 'Did you mean "assignee"?'),
        ("assignee__boss", ""),
        ("team__leed", 'Did you mean "team__lead"?'),
        ("", ""),
    ],
)
def test_recipients_that_do_not_exist(who: str, hint: str) -> None:
    team = model("Team", lead=foreign_key(get_user_model()))
    ticket(
        SLA(requester=None, recipients={"lead": who}),
        assignee=foreign_key(get_user_model()),
        team=foreign_key(team),
    )
    words = only("E030")
    assert f'SLA(recipients={{"lead": "{who}"}}): the model has no such field.' in words
    assert hint in words


def test_recipients_that_are_there() -> None:
    team = model("Team", lead=foreign_key(get_user_model()), boss=property(lambda team: team.lead))
    recipients = {
        "lead": "team__lead",
        "boss": "team__boss",
        "watchers": "watchers",
        "wherever": "shift__anything",
        "duty": lambda ticket: None,
    }
    ticket(
        SLA(requester=None, recipients=recipients),
        team=foreign_key(team),
        watchers=models.ManyToManyField(get_user_model(), related_name="+"),
        shift=property(lambda ticket: None),
    )
    assert said() == []


# Statuses


def test_a_named_status_that_is_no_choice() -> None:
    ticket(SLA(open=["open", "triage"], paused=["pendign"]), status=text(STATUSES))
    words = dict(said())
    assert words["E031"] == (
        'SLA(paused=["pendign"]): status has no such choice. Did you mean "pending"?'
    )
    assert words.keys() == {"E031", "W030"}, "and pending is mapped to nothing now"


def test_the_choices_are_listed_where_none_is_close() -> None:
    ticket(SLA(closed=[9]), status=models.IntegerField(choices=[(1, "new"), (2, "done")]))
    assert 'SLA(closed=["9"]): status has no such choice. Its choices are 1, 2.' in said()[0][1]


def test_statuses_are_compared_without_regard_to_case() -> None:
    ticket(SLA(open=["OPEN", "Triage"]), status=text([s.title() for s in STATUSES]))
    assert said() == []


def test_statuses_that_nobody_mapped() -> None:
    ticket(status=text([*STATUSES, "with_vendor"]))
    assert only("W030") == (
        'Nobody said what these statuses mean, so they are open: "triage", "with_vendor". '
        'If that is right: SLA(open=["open", "triage", "with_vendor"]). '
        "If not, name them under paused, resolved or closed."
    )


def test_the_line_of_the_hint_is_enough() -> None:
    ticket(SLA(open=["open", "triage", "with_vendor"]), status=text([*STATUSES, "with_vendor"]))
    assert said() == []


def test_integer_statuses() -> None:
    class State(models.IntegerChoices):
        NEW = 1
        DONE = 2

    ticket(SLA(closed=[2]), status=models.IntegerField(choices=State))
    assert "SLA(open=[1])" in only("W030")


class Plain(Enum):
    OPEN = "open"
    PARKED = "parked"


@pytest.mark.parametrize(
    "choices",
    [
        [("", "-"), (None, "-"), ("open", "Open"), ("parked", "Parked")],
        [("Group", [("open", "Open")]), ("parked", "Parked")],
        {"Group": {"open": "Open"}, "parked": "Parked"},
        lambda: [("open", "Open"), ("parked", "Parked")],
        [("open", lazystr("Open")), ("parked", lazystr("Parked"))],
        [(Plain.OPEN, "Open"), (Plain.PARKED, "Parked")],
    ],
    ids=["blank", "groups", "mapping", "callable", "lazy", "enum"],
)
def test_all_kinds_of_choices(choices: Any) -> None:
    ticket(status=text(choices))
    assert 'so they are open: "parked". If that is right: SLA(open=["open", "parked"])' in only(
        "W030"
    )


def test_choices_that_cannot_be_asked_are_left_alone() -> None:
    def choices() -> Any:
        raise OperationalError("no such table")

    ticket(SLA(open=["nothing"]), status=text(choices))
    assert said() == []


def test_a_status_without_choices_or_behind_a_foreign_key_is_left_alone() -> None:
    status = model("Status")
    ticket(SLA(closed=[3]), status=foreign_key(status), priority=foreign_key(status))
    ticket(SLA(closed=["anything"]), status=text(), priority=text())
    assert said() == []


# Priorities


def test_a_priority_that_the_last_policy_asked_has_no_goals_for() -> None:
    ticket(priority=text(["urgent", "P2", "P3"]))
    assert only("W031") == (
        'The policy "default" has no goals for priority: "P2", "P3". '
        'Map them to priorities that have goals, SLA(priorities={"P2": "urgent"}) or '
        'DJANGO_SLA["PRIORITIES"], or set goals for them.'
    )


@pytest.mark.parametrize(
    ("sla", "setting"),
    [
        (SLA(priorities={"p2": "High"}), {}),
        (SLA(), {"PRIORITIES": {"p2": "High"}}),
        (SLA(), {"GOALS": {"p2": {"response": "1h"}}}),
        (SLA(), {"GOALS": {"*": {"response": "1h"}}}),
        (SLA(), {"POLICIES": [{"name": "All", "goals": {"*": {"closure": "1w"}}}]}),
        (SLA(), {"POLICIES": [{"name": "Nothing is promised", "goals": {}}]}),
    ],
)
def test_each_remedy_is_one(sla: SLA, setting: Any) -> None:
    ticket(sla.copy(), priority=text(["urgent", "P2"]))
    with override_settings(**{NAME: setting}):
        assert said() == []


def test_a_priority_that_a_policy_for_some_tickets_leaves_out() -> None:
    registry.register_policy(
        Policy.build("VIP", {"urgent": {"response": "1h"}}, when=where(status="open"))
    )
    ticket()
    words = only("W032")
    assert 'The policy "VIP" has no goals for priority: "high", "medium", "low".' in words
    assert "A ticket takes all of its goals from one policy." in words


def test_a_policy_for_tickets_of_another_model_may_leave_priorities_out() -> None:
    registry.register_policy(
        Policy.build("VIP", {"urgent": {"response": "1h"}}, when=where(customer="x"))
    )
    ticket()
    assert said() == []


# Managers


class Tenants(models.Manager[Any]):
    def get_queryset(self) -> Any:
        raise RuntimeError("no tenant")


class Ours(models.Manager[Any]):
    def get_queryset(self) -> Any:
        return SLAQuerySet(self.model)


def test_a_manager_that_is_not_ours() -> None:
    ticket(objects=None)
    words = only("W034")
    assert words.startswith("objects is not built on SLAQuerySet: it cannot ask")
    assert "objects = SLAQuerySet.as_manager()" in words


def test_both_the_default_manager_and_objects_are_asked() -> None:
    ticket(everything=models.Manager(), objects=models.Manager())
    assert [id for id, _ in said()] == ["W034", "W034"]
    registry.tickets.clear()
    ticket(objects=SLAQuerySet.as_manager(), everything=models.Manager())
    assert said() == [], "objects comes first"
    registry.tickets.clear()
    ticket(objects=None, everything=SLAQuerySet.as_manager(), more=models.Manager())
    assert said() == [], "no objects, and the others are the host's business"


@pytest.mark.parametrize(
    "manager",
    [Ours(), Tenants.from_queryset(SLAQuerySet)(), type("Mine", (SLAQuerySet,), {}).as_manager()],
    ids=["get_queryset", "from_queryset", "subclass"],
)
def test_managers_that_are_ours(manager: Any) -> None:
    ticket(objects=manager)
    assert said() == []


def test_a_manager_that_cannot_be_asked_is_judged_by_its_class() -> None:
    ticket(objects=Tenants())
    assert only("W034")


# The changelog


@pytest.mark.parametrize(
    ("bases", "expected"), [([ClientIPHistory], []), ([models.Model], ["W035"])]
)
def test_the_changelog_has_the_client_ip(bases: list[type], expected: list[str]) -> None:
    found = ticket()
    meta = type("Meta", (), {"app_label": "desk"})
    history = type("History", tuple(bases), {"__module__": __name__, "Meta": meta})
    found._meta.simple_history_manager_attribute = "changes"
    found.changes = SimpleNamespace(model=history)
    assert [id for id, _ in said()] == expected
    if expected:
        assert "changes = HistoricalRecords(bases=[ClientIPHistory]" in only("W035")


# Comments


def watch(label: str = "desk.Comment", /, **options: Any) -> None:
    usual = {"ticket": "ticket", "author": "author", "public": True}
    registry.watches[label.lower()] = Watch(**(usual | options))


def comment(**attributes: Any) -> Any:
    usual = {"author": foreign_key(get_user_model()), "internal": models.BooleanField()}
    return model("Comment", **(usual | attributes))


def test_a_watch_with_nothing_wrong() -> None:
    watch(at="said_at", public="is_public")
    comment(
        ticket=foreign_key(ticket()),
        said_at=models.DateTimeField(),
        is_public=property(lambda comment: not comment.internal),
    )
    assert said(checks.check_comments) == []


def test_a_child_and_a_proxy_of_a_ticket_are_tickets() -> None:
    parent = ticket()
    meta = {"__module__": __name__}
    proxy = type(
        "Proxy", (parent,), {**meta, "Meta": type("Meta", (), {"proxy": True, "app_label": "desk"})}
    )
    child = type("Child", (parent,), {**meta, "Meta": type("Meta", (), {"app_label": "desk"})})
    for target in (proxy, child):
        model(f"{target.__name__}Comment", ticket=foreign_key(target), author=text())
        watch(f"desk.{target.__name__}Comment")
    assert said(checks.check_comments) == []


def test_a_comment_model_that_does_not_exist() -> None:
    comment(ticket=foreign_key(ticket()))
    watch("desk.Coment")
    comments.connect()  # as the project starts, all the same
    words = only("E040", checks.check_comments)
    assert words == (
        'watch_comments("desk.coment"): there is no such model. Did you mean "desk.Comment"?'
    )


@pytest.mark.parametrize("label", ["nothing.Like", "xyz"])
def test_a_label_that_is_close_to_nothing(label: str) -> None:
    watch(label)
    assert 'Name it "app.Model".' in only("E040", checks.check_comments)


@pytest.mark.parametrize(
    ("role", "name", "hint"),
    [
        ("ticket", "tiket", 'Did you mean "ticket"?'),
        ("author", "auther", 'Did you mean "author"?'),
        ("at", "xyz", "Its fields are id, ticket, author, internal."),
        ("public", "internl", 'Did you mean "internal"? Name a field that is true for'),
    ],
)
def test_a_field_of_a_comment_that_does_not_exist(role: str, name: str, hint: str) -> None:
    comment(ticket=foreign_key(ticket()))
    watch(**{role: name})
    words = only("E041", checks.check_comments)
    assert f'watch_comments({role}="{name}"): the model has no such field.' in words
    assert hint in words


def test_a_negated_field_is_answered_with_a_callable_and_not_with_its_opposite() -> None:
    comment(ticket=foreign_key(ticket()))
    watch(public="!internal")
    words = only("E041", checks.check_comments)
    assert "public=lambda comment: not comment.internal" in words
    assert "Did you mean" not in words


@pytest.mark.parametrize("public", [False, None, 5])
def test_public_is_a_field_a_callable_or_true(public: Any) -> None:
    comment(ticket=foreign_key(ticket()))
    watch(public=public)
    assert f"watch_comments(public={public!r})" in only("E041", checks.check_comments)


def test_a_callable_may_tell_what_is_public() -> None:
    comment(ticket=foreign_key(ticket()))
    watch(public=lambda comment: not comment.internal)
    assert said(checks.check_comments) == []


def test_a_ticket_that_is_not_a_foreign_key_or_points_elsewhere() -> None:
    comment(ticket=foreign_key(ticket()))
    watch(ticket="internal")
    assert "the field is no foreign key" in only("E042", checks.check_comments)
    watch(ticket="author")
    words = only("E042", checks.check_comments)
    assert "points to people.Person, which is no ticket with an SLA." in words
    assert "subclasses SLAMixin" in words


# All of them


def test_only_the_apps_that_are_asked_for_are_checked() -> None:
    comment(ticket=foreign_key(ticket(status=text(STATUSES))))
    watch(author="auther")
    desk, people = (apps.get_app_config(label) for label in ("desk", "people"))
    own = comment_checks.apps.get_app_config("desk")
    assert own is not desk
    for check in (checks.check_tickets, checks.check_comments):
        assert check([people]) == []
        assert len(check([people, own])) == 1


def test_a_real_desk_has_nothing_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    registry._forget_policies()
    desk = apps.get_app_config("desk")
    assert run_checks([desk], tags=["sla"]) == []


def test_a_history_of_its_own_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    variety = apps.get_app_config("variety")
    found = [m for m in run_checks([variety], tags=["sla"]) if m.id == "django_sla.W035"]
    names = [message.obj.__name__ for message in found]
    assert names == ["OwnTicket", "ScatteredTicket", "LedgerTicket"]


IDS = re.compile(r"django_sla\.[EW]\d{3}")
TABLE = re.compile(r"^\| `(django_sla\.[EW]\d{3})` \| (.+?) \|", re.MULTILINE)
ROOT = Path(__file__).parent.parent


def test_every_id_is_in_the_docstring_and_in_the_documentation() -> None:
    lines = (checks.__doc__ or "").splitlines()
    docstring = dict(line.split(maxsplit=1) for line in lines if IDS.match(line))
    page = (ROOT / "docs" / "reference" / "checks.md").read_text(encoding="utf-8")
    documented = TABLE.findall(page)
    assert [id for id, _ in documented] == list(docstring)
    for id, meaning in documented:
        assert meaning == docstring[id].replace("``", "`")


def test_every_id_is_used_and_every_used_one_is_known() -> None:
    used = set()
    sources = [
        path for name in ("checks", "conf") for path in (ROOT / "django_sla" / name).glob("*.py")
    ]
    for path in sources:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        used |= {
            node.value
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and IDS.fullmatch(node.value)
        }
    assert used == set(IDS.findall(checks.__doc__ or ""))
