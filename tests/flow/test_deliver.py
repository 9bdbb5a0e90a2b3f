"""Delivery: at least once, under the same key, and not more often than people can bear."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import override_settings

from django_sla import registry, signals
from django_sla.exceptions import Undeliverable
from django_sla.flow import deliver as delivering
from django_sla.flow.deliver import Tally, claim, deliver, retry
from django_sla.models import Beginning, Notice, Sweep
from tests.conftest import after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy, swept
from tests.hosts.desk.models import Comment, Ticket

pytestmark = pytest.mark.django_db

RESOLUTION = {"*": {"resolution": "8h"}}
OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}
MACHINE = {"metric": "resolution", "when": "due", "channel": "machine", "to": []}


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    Beginning.objects.create(pk=1, since=after(-1000))
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS, "DIGEST_ABOVE": 3}):
        yield


def delivered(hours: float) -> Tally:
    with at(hours):
        return deliver(using="default")


def standings() -> list[str]:
    return list(Notice.objects.order_by("id").values_list("standing", flat=True))


def test_a_notice_is_sent_and_marked() -> None:
    policy(OPS, goals=RESOLUTION)
    ticket = opened()
    swept(9)
    notice = Notice.objects.get()
    tally = delivered(9)
    assert (tally.sent, tally.failed, tally.dead, tally.moot) == (1, 0, 0, 0)
    [message] = Recorder.said
    assert (message.key, message.address, message.user) == (notice.key, "ops@example.com", None)
    [item] = message.items
    assert (item.ticket, item.metric, item.kind) == (ticket, "resolution", "target_breached")
    assert (item.at, item.due) == (after(8), after(8))
    assert item.verdict.state == "breached"
    assert item.explanation.allowed == timedelta(hours=8)
    notice.refresh_from_db()
    assert (notice.standing, notice.sent_at, notice.claim) == ("sent", after(9), "")
    assert delivered(10).sent == 0


def test_a_person_is_told_at_the_address_of_then() -> None:
    anna = get_user_model().objects.create_user("anna", email="old@example.com")
    policy({**OPS, "to": ["assignee"]}, goals=RESOLUTION)
    opened(assignee=anna)
    swept(9)
    anna.email = "new@example.com"
    anna.save()
    delivered(9)
    assert [(m.user, m.address) for m in Recorder.said] == [(anna, "new@example.com")]


def test_a_failure_is_tried_again_with_the_same_key_and_longer_pauses() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(9)
    key = Notice.objects.get().key
    Recorder.fails[:] = [ConnectionError("refused")] * 2
    tally = delivered(9)
    assert (tally.failed, tally.problems) == (
        1,
        ["note ops@example.com: ConnectionError: refused"],
    )
    notice = Notice.objects.get()
    first = notice.try_at - after(9)
    assert (notice.standing, notice.tries) == ("waiting", 1)
    assert notice.problem == "ConnectionError: refused"
    assert delivered(9.001).failed == 0, "not yet"
    assert delivered(9.1).failed == 1
    second = Notice.objects.get().try_at - after(9.1)
    assert second > 2 * first
    assert delivered(10).sent == 1
    assert [message.key for message in Recorder.said] == [key]
    assert Notice.objects.get().problem == ""


def test_after_many_failures_it_is_given_up_and_can_be_sent_again() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(9)
    Recorder.fails[:] = [ConnectionError("refused")] * delivering.TRIES
    for hours in range(delivering.TRIES):
        delivered(10 + 10 * hours)
    assert standings() == ["dead"]
    assert delivered(1000).sent == 0
    with at(1001):
        assert retry(Notice.objects.values_list("pk", flat=True), using="default") == 1
        assert retry(Notice.objects.values_list("pk", flat=True), using="default") == 0
    assert delivered(1001).sent == 1


def test_a_channel_that_the_settings_lack_by_now_keeps_no_other_from_sending() -> None:
    policy(OPS, MACHINE, goals=RESOLUTION)
    opened()
    swept(9)
    with override_settings(DJANGO_SLA={"CHANNELS": {"machine": CHANNELS["machine"]}}):
        tally = delivered(9)
    assert (tally.sent, tally.failed) == (1, 1)
    assert "note" in Notice.objects.get(channel="note").problem


def test_what_cannot_be_delivered_is_given_up_at_once() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(9)
    Recorder.fails[:] = [Undeliverable("There is no such mailbox.")]
    tally = delivered(9)
    assert tally.dead == 1
    notice = Notice.objects.get()
    assert (notice.standing, notice.problem) == ("dead", "There is no such mailbox.")


@pytest.mark.parametrize("quiet", ["paused", "waived", "resolved", "moved", "deleted"])
def test_people_are_not_told_what_has_been_taken_care_of(quiet: str) -> None:
    policy(OPS, MACHINE, goals=RESOLUTION)
    ticket = opened()
    swept(9)
    with at(9.5):
        if quiet == "waived":
            ticket.sla.waive("resolution", "The vendor's fault")
        elif quiet == "moved":
            ticket.sla.set_target("resolution", after(20), "Agreed")
        elif quiet == "deleted":
            ticket.delete()
        else:
            ticket.status = "pending" if quiet == "paused" else "resolved"
            ticket.save()
    tally = delivered(10)
    programs = 0 if quiet == "deleted" else 1
    assert (tally.sent, tally.moot) == (programs, 2 - programs)
    assert Notice.objects.get(channel="note").problem
    assert len(Recorder.said) == programs


def test_of_a_clock_that_was_taken_back_nobody_is_told(agent: Any, requester: Any) -> None:
    policy({**OPS, "metric": "next_response"}, goals={"*": {"next_response": "2h"}})
    ticket = opened(requester=requester)
    for hours, author in ((1, agent), (3, requester)):
        with at(hours):
            Comment.objects.create(ticket=ticket, author=author, created_at=after(hours))
    assert swept(6).notices == 1
    ticket.refresh_from_db()
    ticket.status, ticket.resolved_at = "resolved", after(2)  # before the requester asked again
    with at(7):
        ticket.save()
    assert delivered(7).moot == 1
    assert Notice.objects.get().problem == "The clock is gone."


def test_somebody_who_has_left_is_not_told() -> None:
    anna = get_user_model().objects.create_user("anna", email="anna@example.com")
    policy({**OPS, "to": ["assignee"]}, goals=RESOLUTION)
    opened(assignee=anna)
    swept(9)
    anna.is_active = False
    anna.save()
    assert delivered(9).moot == 1


def test_many_at_once_are_a_digest_and_each_try_is_of_the_same_ones() -> None:
    policy(OPS, MACHINE, goals=RESOLUTION)
    for _ in range(5):
        opened()
    swept(9)
    Recorder.fails[:] = [ConnectionError("refused")]
    tally = delivered(9)
    assert tally.failed + tally.sent == 10
    for _ in range(2):
        opened(1)
    swept(9.5)
    delivered(9.6)
    digest = next(message for message in Recorder.said if message.is_digest)
    assert len(digest.items) == 5
    assert digest.key == Notice.objects.filter(channel="note").earliest("id").digest
    assert len([m for m in Recorder.said if not m.is_digest]) == 5 + 2 + 2
    assert set(standings()) == {"sent"}


def test_what_may_have_been_told_by_itself_joins_no_digest() -> None:
    """Whoever was killed after sending it is to repeat it under the same key."""
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(9)
    with at(9):
        held = claim("default")
        delivering.send(held.notices, "default")
    for _ in range(5):
        opened(1)
    swept(9.5)
    delivered(9.6)
    key = held.notices[0].key
    assert [message.key for message in Recorder.said if not message.is_digest] == [key, key]
    [digest] = [message for message in Recorder.said if message.is_digest]
    assert len(digest.items) == 5


def test_what_is_sent_again_from_the_admin_keeps_its_key() -> None:
    policy(OPS, goals=RESOLUTION)
    for _ in range(5):
        opened()
        swept(9)
        Recorder.fails[:] = [Undeliverable("no such mailbox")]
        delivered(9)
    keys = set(Notice.objects.values_list("key", flat=True))
    with at(10):
        retry(Notice.objects.values_list("pk", flat=True), using="default")
    delivered(10)
    assert {message.key for message in Recorder.said} == keys


def test_of_a_digest_all_are_sent_again_or_none() -> None:
    """It has one key: a part of it would be taken for the whole."""
    policy(OPS, goals=RESOLUTION)
    for _ in range(5):
        opened()
    swept(9)
    Recorder.fails[:] = [Undeliverable("no such mailbox")]
    delivered(9)
    assert standings() == ["dead"] * 5
    with at(10):
        assert retry([Notice.objects.earliest("id").pk], using="default") == 5
    delivered(10)
    [digest] = Recorder.said
    assert len(digest.items) == 5


def test_up_to_the_limit_each_is_told_by_itself() -> None:
    policy(OPS, goals=RESOLUTION)
    for _ in range(3):
        opened()
    swept(9)
    delivered(9)
    assert [message.is_digest for message in Recorder.said] == [False] * 3


def test_notices_wait_for_the_end_of_their_sweep() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    run = swept(9)
    Sweep.objects.filter(pk=run.pk).update(finished_at=None)
    assert delivered(9).sent == 0
    assert delivered(9.1).sent == 1, "it was killed, perhaps"


def test_a_claim_holds_for_a_while_and_then_no_more() -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    swept(9)
    with at(9):
        held = claim("default")
    assert len(held.notices) == 1
    assert delivered(9.01).sent == 0, "somebody else is at it"
    assert delivered(9.1).sent == 1, "who seems to be gone"
    with at(9.1):
        delivering.mark(held, held.notices, delivering.Standing.DEAD, "too late", "default")
    assert standings() == ["sent"], "it is not theirs any more"


def test_what_there_is_no_time_left_for_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    policy(OPS, goals=RESOLUTION)
    opened()
    opened()
    swept(9)
    with at(9):
        held = claim("default")
        assert len(held.notices) == 2
        assert held.holds
        delivering.release(held, held.notices, "default")
    assert {(n.claim, n.tries) for n in Notice.objects.all()} == {("", 0)}
    assert delivered(9).sent == 2


def test_receivers_are_called_until_all_of_them_have_succeeded() -> None:
    policy(goals=RESOLUTION)
    seen: list[Any] = []
    fails = [ValueError("no"), None]

    def receiver(**kwargs: Any) -> None:
        seen.append(kwargs)
        if error := fails.pop(0):
            raise error

    signals.target_breached.connect(receiver, sender=Ticket)
    try:
        ticket = opened()
        swept(9)
        assert delivered(9).failed == 1
        assert delivered(10).sent == 1
    finally:
        signals.target_breached.disconnect(receiver, sender=Ticket)
    first, second = seen
    assert first["key"] == second["key"]
    assert first["sender"] is Ticket
    names = ("ticket", "metric", "cycle", "due", "at")
    assert [first[name] for name in names] == [ticket, "resolution", 1, after(8), after(8)]


def test_a_name_is_resolved_again_when_it_is_sent_again() -> None:
    answers: list[Any] = [RuntimeError("the rota is away"), ["a@example.com", "b@example.com"]]

    def duty(ticket: Any) -> list[str]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    registry.register_recipients("duty", duty)
    try:
        policy({**OPS, "to": ["duty"]}, goals=RESOLUTION)
        opened()
        swept(9)
        assert delivered(9).sent == 0
        with at(10):
            retry([Notice.objects.get().pk], using="default")
        tally = delivered(10)
    finally:
        del registry.recipients["duty"]
    assert (tally.moot, tally.sent) == (1, 2)
    assert {message.address for message in Recorder.said} == {"a@example.com", "b@example.com"}


def test_it_ends_when_asked_and_loses_nothing() -> None:
    policy(OPS, goals=RESOLUTION)
    for _ in range(3):
        opened()
    swept(9)
    with at(9):
        tally = deliver(using="default", watch=lambda tally: True)
    assert tally.sent == 1
    assert delivered(9).sent == 2
