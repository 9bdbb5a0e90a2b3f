"""Reports that have come due: into the outbox once, and out of it once."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import override_settings

from django_sla import registry
from django_sla.channels import Channel
from django_sla.exceptions import Undeliverable
from django_sla.flow import deliver as delivering
from django_sla.flow import schedules
from django_sla.flow.deliver import Tally, deliver, retry
from django_sla.flow.message import Contents, Letter
from django_sla.flow.schedules import put
from django_sla.models import Beginning, Notice, ReportSchedule
from django_sla.tables.schedule import Order
from tests.conftest import after
from tests.flow.watching import at, opened, policy, swept

pytestmark = pytest.mark.django_db

WEEK = 168
BOSS = "boss@example.com"


class Posted(Channel):
    """Keeps the letters it was given, and what they say."""

    addressed: ClassVar[bool] = True
    letters: ClassVar[list[Letter]] = []
    said: ClassVar[list[Contents]] = []
    fails: ClassVar[list[Exception]] = []

    def send(self, message: Any) -> None: ...

    def post(self, letter: Letter) -> None:
        if self.fails:
            raise self.fails.pop(0)
        self.letters.append(letter)
        self.said.append(letter.write())


@pytest.fixture(autouse=True)
def channels() -> Iterator[None]:
    Posted.letters.clear()
    Posted.said.clear()
    Posted.fails.clear()
    Beginning.objects.create(pk=1, since=after(-1000))
    email = {"backend": "tests.flow.test_schedules.Posted"}
    with override_settings(DJANGO_SLA={"CHANNELS": {"email": email}, "DIGEST_ABOVE": 1}):
        yield


def schedule(**values: Any) -> ReportSchedule:
    """Of the week before, Mondays at 08:00 UTC; made an hour after one."""
    values = {"name": "Weekly", "model": "desk.Ticket", "weekday": 0, "zone": "UTC", **values}
    with at(0):
        return ReportSchedule.objects.create(**{"recipients": [BOSS], **values})


def delivered(hours: float) -> Tally:
    with at(hours):
        return deliver(using="default")


def row() -> ReportSchedule:
    return ReportSchedule.objects.get()


MONDAY = WEEK - 1
"""Hours until the first one is due."""


def test_it_is_put_into_the_outbox_once_it_is_due() -> None:
    schedule(by="department", where={"priority": ["urgent"]})
    assert swept(MONDAY - 0.1).notices == 0
    assert swept(MONDAY + 0.1).notices == 1
    notice = Notice.objects.get()
    assert (notice.kind, notice.channel, notice.recipient) == ("report", "email", BOSS)
    assert (notice.model, notice.ticket, notice.metric) == ("desk.Ticket", "", "")
    assert notice.at == after(MONDAY)
    assert notice.report["day"] == "2026-03-09"
    assert (notice.report["by"], notice.report["where"]) == ("department", {"priority": ["urgent"]})
    assert str(notice) == "report · Weekly"
    found = row()
    assert (found.last_at, found.next_at) == (after(MONDAY), after(MONDAY + WEEK))
    assert swept(MONDAY + 0.2).notices == 0
    assert delivered(MONDAY + 0.2).sent == 1
    [letter], [said] = Posted.letters, Posted.said
    assert (letter.key, letter.address, letter.user) == (notice.key, BOSS, None)
    assert said.subject == "Weekly: March 2, 2026 – March 8, 2026"
    assert delivered(MONDAY + 1).sent == 0


def test_after_an_outage_only_the_last_one_is_sent() -> None:
    schedule()
    assert swept(MONDAY + 9 * WEEK + 30).notices == 1
    assert Notice.objects.get().report["day"] == "2026-05-11"
    assert row().next_at == after(MONDAY + 10 * WEEK)


def test_each_member_of_a_group_gets_one_and_nobody_two() -> None:
    group = Group.objects.create(name="Managers")
    people = [get_user_model().objects.create_user(name) for name in ("ada", "bob", "gone")]
    group.user_set.add(*people)
    people[2].is_active = False
    people[2].save()
    schedule(recipients=["group:Managers", "user:ada", BOSS, BOSS])
    assert swept(MONDAY + 1).notices == 3
    told = sorted(Notice.objects.values_list("recipient", flat=True))
    assert told == sorted([BOSS, *(f"user:{one.pk}" for one in people[:2])])
    assert row().problem == ""


def test_a_group_that_is_empty_or_gone_is_told_in_the_admin() -> None:
    group = Group.objects.create(name="Managers")
    schedule(recipients=["group:Managers"])
    assert swept(MONDAY + 1).notices == 0
    assert row().problem == "It names nobody who is active; name somebody else, or fill the group."
    group.delete()
    swept(MONDAY + WEEK + 1)
    assert row().problem == "LookupError: there is no group 'Managers'"
    notice = Notice.objects.get()
    assert (notice.standing, notice.recipient) == ("dead", "to:group:Managers")
    # Somebody mends it, and chooses “Send again”.
    members = Group.objects.create(name="Managers").user_set
    members.add(get_user_model().objects.create_user("ada", email="ada@example.com"))
    with at(MONDAY + WEEK + 2):
        retry([notice.pk], using="default")
    delivered(MONDAY + WEEK + 2)
    delivered(MONDAY + WEEK + 3)
    assert [letter.address for letter in Posted.letters] == ["ada@example.com"]
    assert Posted.said[0].subject == "Weekly: March 9, 2026 – March 15, 2026"


def test_it_comes_once_a_day_where_its_time_is_edited() -> None:
    found = schedule(recurrence="daily", period="day")
    swept(MONDAY + 0.5)
    with at(MONDAY + 0.6):
        found = row()
        found.time = "10:00"
        found.save()
    assert found.next_at == after(MONDAY + 2)
    swept(MONDAY + 2.5)
    assert Notice.objects.count() == 1
    swept(MONDAY + 26.5)
    assert Notice.objects.count() == 2


def test_what_was_due_is_sent_as_it_was_ordered() -> None:
    schedule()
    swept(MONDAY + 1)
    with at(MONDAY + 1.5):
        edited = row()
        edited.name, edited.period, edited.recipients = "Monthly", "month", ["x@example.com"]
        edited.save()
    delivered(MONDAY + 2)
    assert Posted.said[0].subject.startswith("Weekly: March 2, 2026")
    assert Posted.letters[0].address == BOSS


@pytest.mark.parametrize("how", ["deleted", "switched off"])
def test_what_nobody_wants_any_more_is_not_sent(how: str) -> None:
    found = schedule()
    swept(MONDAY + 1)
    if how == "deleted":
        found.delete()
    else:
        ReportSchedule.objects.update(enabled=False)
    assert delivered(MONDAY + 2).moot == 1
    assert Posted.letters == []
    assert "deleted or switched off" in Notice.objects.get().problem


def test_one_that_is_switched_off_is_not_due() -> None:
    schedule(enabled=False)
    assert swept(MONDAY + WEEK).notices == 0


@pytest.mark.parametrize(
    ("values", "problem"),
    [({"zone": "Nowhere/Land"}, "Nowhere/Land"), ({"weekday": None}, "'weekly' falls on no day")],
)
def test_what_cannot_be_read_waits_to_be_saved_again_and_stops_nothing(
    values: dict[str, Any], problem: str
) -> None:
    schedule()
    schedule(name="Broken")
    ReportSchedule.objects.filter(name="Broken").update(**values)
    assert swept(MONDAY + 1).notices == 1
    broken = ReportSchedule.objects.get(name="Broken")
    assert broken.next_at is None
    assert problem in broken.problem


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        ({"model": "desk.Gone"}, "There is no ticket model “desk.Gone” any more."),
        ({"by": "gone"}, "by: 'gone' is nothing to group by; there is priority"),
        ({"where": {"gone": 1}}, "where: 'gone' is nothing to filter by; there is"),
        ({"where": {"department": "x"}}, "where: department: 'x' is none"),
    ],
)
def test_what_is_gone_is_given_up_with_what_to_do(values: dict[str, Any], problem: str) -> None:
    schedule(**values)
    swept(MONDAY + 1)
    assert delivered(MONDAY + 1).dead == 1
    notice = Notice.objects.get()
    assert notice.standing == "dead"
    assert problem in notice.problem
    assert "Edit what asks for it." in notice.problem


# Crashes


def test_a_crash_before_the_end_of_the_transaction_leaves_it_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule()

    def crash(*args: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(schedules, "_problem", crash)
        swept(MONDAY + 1)
    assert Notice.objects.count() == 0
    assert row().next_at == after(MONDAY)
    assert swept(MONDAY + 2).notices == 1


def test_a_crash_between_sent_and_marked_sends_it_again_under_the_same_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    schedule()
    swept(MONDAY + 1)

    def crash(*args: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, suppress(KeyboardInterrupt):
        patch.setattr(delivering, "mark", crash)
        delivered(MONDAY + 1)
    assert delivered(MONDAY + 1).sent == 0, "somebody may be at it"
    assert delivered(MONDAY + 1.1).sent == 1
    first, second = Posted.letters
    assert first.key == second.key


def test_a_server_that_is_away_is_tried_again() -> None:
    schedule()
    swept(MONDAY + 1)
    Posted.fails[:] = [ConnectionError("refused")]
    assert delivered(MONDAY + 1).failed == 1
    assert delivered(MONDAY + 2).sent == 1


# Beside other notices


def test_reports_are_never_part_of_a_digest() -> None:
    for name in ("One", "Two", "Three"):
        schedule(name=name)
    ops = {"metric": "resolution", "when": "due", "channel": "email", "to": [BOSS]}
    policy(ops, goals={"*": {"resolution": "8h"}})
    for _number in range(3):
        opened(MONDAY - 10)
    swept(MONDAY + 1)
    assert Notice.objects.count() == 6
    assert delivered(MONDAY + 1).sent == 6
    assert sorted(said.subject.partition(":")[0] for said in Posted.said) == ["One", "Three", "Two"]
    digests = Notice.objects.exclude(digest="").values_list("kind", flat=True)
    assert sorted(digests) == ["target_breached"] * 3


def test_only_some_are_sent_where_somebody_says_so() -> None:
    schedule()
    swept(MONDAY + 1)
    order = Order(model="desk.Ticket", zone="UTC")
    with at(MONDAY + 1):
        [mine] = put(order, ["me@example.com", "me@example.com"], "default")
        assert deliver(using="default", only=[mine.pk]).sent == 1
    assert [letter.address for letter in Posted.letters] == ["me@example.com"]
    assert Notice.objects.get(recipient=BOSS).standing == "waiting"


def test_a_channel_that_carries_none_says_so() -> None:
    schedule()
    swept(MONDAY + 1)
    email = {"backend": "tests.flow.watching.Recorder"}
    with override_settings(DJANGO_SLA={"CHANNELS": {"email": email}}):
        assert delivered(MONDAY + 1).dead == 1
    assert "carries no reports" in Notice.objects.get().problem
    with pytest.raises(Undeliverable):
        Channel("x").post(Letter(key="", address="", write=registry.letters["report"]))


def test_a_sweep_costs_one_query_for_all_schedules(django_assert_num_queries: Any) -> None:
    for number in range(20):
        schedule(name=f"{number}")
    with django_assert_num_queries(3 + len(registry.tickets)):
        swept(MONDAY - timedelta(minutes=1) / timedelta(hours=1))
