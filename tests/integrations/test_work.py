"""What background tasks do: they may be run twice and side by side, and ask for more of them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.db.models import QuerySet
from django.test import override_settings

from django_sla.exceptions import PoliciesEdited
from django_sla.flow import recalculate as recalculating
from django_sla.flow import sweep as sweeping
from django_sla.integrations import work
from django_sla.models import Beginning, Notice, Policy, Recalculation, Sweep
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.flow.watching import CHANNELS, Recorder, at, opened, policy
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

OPS = {"metric": "resolution", "when": "due", "channel": "note", "to": ["ops@example.com"]}
TIGHTER = {"*": {"response": "1h", "resolution": "4h"}}

ALONE = pytest.mark.skipif(
    "sqlite" in __import__("os").environ.get("TEST_DB", "sqlite"),
    reason="SQLite has one writer at a time; run with TEST_DB=postgres or TEST_DB=mariadb",
)


class Engine:
    """Keeps what it is asked to run, and runs it when told to."""

    def __init__(self) -> None:
        self.waiting: list[tuple[str, dict[str, Any]]] = []

    def queue(self, name: str, **arguments: Any) -> None:
        self.waiting.append((name, arguments))

    @property
    def names(self) -> list[str]:
        return [name for name, _arguments in self.waiting]

    def run(self, most: int = 100) -> int:
        """Everything that waits, and what comes of it; how many tasks it were."""
        done = 0
        while self.waiting:
            name, arguments = self.waiting.pop(0)
            body = getattr(work, name)
            queue = () if name == "reconcile_range" else (self.queue,)
            body(*queue, **arguments)
            done += 1
            assert done < most, "it does not end"
        return done


@pytest.fixture
def engine() -> Engine:
    return Engine()


@pytest.fixture(autouse=True)
def watched() -> Iterator[None]:
    Beginning.objects.create(pk=1, since=after(-1000))
    Recorder.said.clear()
    Recorder.fails.clear()
    with override_settings(DJANGO_SLA={"CHANNELS": CHANNELS}):
        yield


# Sweeping and delivering


def test_a_sweep_has_what_it_leads_to_delivered(engine: Engine) -> None:
    policy(OPS)
    opened()
    with at(9):
        work.sweep(engine.queue, 4)
        assert Sweep.objects.get().breaches == 2
        assert engine.waiting == [("deliver", {"workers": 4})]
        engine.run()
    assert len(Recorder.said) == 1
    assert Notice.objects.get().standing == "sent"


def test_a_sweep_that_finds_nothing_starts_nothing(engine: Engine) -> None:
    policy(OPS)
    opened()
    with at(1):
        work.sweep(engine.queue, 4)
    assert engine.waiting == []


def test_a_task_that_is_run_twice_does_nothing_the_second_time(engine: Engine) -> None:
    policy(OPS)
    opened()
    with at(9):
        for _ in range(2):
            work.sweep(engine.queue, 4)
            work.deliver(engine.queue, 4)
    assert len(Recorder.said) == 1


class Elsewhere:
    """The desk's tickets are in another database."""

    def db_for_write(self, model: Any, **hints: Any) -> str | None:
        return "elsewhere" if model is Ticket else None


def test_what_is_due_is_counted_in_each_database(settings: Any) -> None:
    with as_of(MONDAY):
        Ticket.objects.create()
        UUIDTicket.objects.create()
    with at(100):
        assert work._due("default", 100) == 4
        settings.DATABASE_ROUTERS = [Elsewhere()]
        assert work._due("default", 100) == 2


@ALONE
def test_more_sweeps_where_much_is_due(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CLOCKS", 2)
    policy(at_risk=100)
    for _ in range(5):
        opened()
    with at(9):
        work.sweep(engine.queue, 4)
        assert engine.waiting == [("sweep", {"workers": 1})] * 3
        engine.run()
        work.sweep(engine.queue, 4)
    assert engine.waiting == []


@ALONE
def test_no_more_than_are_worth_it(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "CLOCKS", 4)
    policy(at_risk=100)
    for _ in range(2):
        opened()
    with at(9):
        work.sweep(engine.queue, 40)
    assert engine.names == ["sweep"]


@ALONE
def test_no_more_than_there_may_be_with_those_that_run(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "CLOCKS", 1)
    policy(at_risk=100)
    for _ in range(5):
        opened()
    Sweep.objects.create(started_at=after(9))
    Sweep.objects.create(started_at=after(1))  # killed long ago
    with at(9):
        work.sweep(engine.queue, 4)
    assert engine.names == ["sweep"] * 2


def test_one_does_all_of_it_where_several_would_wait_for_each_other(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection.features, "has_select_for_update_skip_locked", False)
    monkeypatch.setattr(work, "CLOCKS", 1)
    monkeypatch.setattr(work, "NOTICES", 1)
    policy(OPS)
    for _ in range(3):
        opened()
    with at(9):
        work.sweep(engine.queue, 4)
        assert engine.names == ["deliver"]
        engine.run()
    assert engine.waiting == []
    assert Notice.objects.filter(standing="sent").count() == 3


@ALONE
def test_more_deliveries_where_much_waits(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "NOTICES", 2)
    policy(OPS)
    for _ in range(5):
        opened()
    with at(9):
        work.sweep(engine.queue, 1)
        engine.waiting.clear()
        sending = Notice.objects.first()
        claimed = {"claim": "x", "try_at": after(9) + timedelta(minutes=2)}
        Notice.objects.filter(pk=sending.pk).update(**claimed)
        work.deliver(engine.queue, 8)
    assert engine.waiting == [("deliver", {"workers": 1})] * 2
    assert Notice.objects.filter(standing="sent").count() == 4


@ALONE
def test_those_that_send_already_are_counted(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "NOTICES", 1)
    policy(OPS)
    for _ in range(6):
        opened()
    with at(9):
        work.sweep(engine.queue, 1)
        engine.waiting.clear()
        for number, pk in enumerate(Notice.objects.values_list("pk", flat=True)[:2]):
            claimed = {"claim": f"{number}", "try_at": after(9) + timedelta(minutes=2)}
            Notice.objects.filter(pk=pk).update(**claimed)
        work.deliver(engine.queue, 4)
    assert engine.names == ["deliver"]


def test_a_turn_has_an_end(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "BATCH", 1)
    monkeypatch.setattr(work, "TURN", 0)
    policy(at_risk=100, goals={"*": {"resolution": "8h"}})
    for _ in range(3):
        opened()
    with at(9):
        work.sweep(engine.queue, 1)
    assert Sweep.objects.get().breaches == 1


def test_a_database_that_is_away_is_told_and_keeps_no_other_waiting(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    swept = []

    def look(*, using: str, watch: Any) -> Sweep:
        swept.append(using)
        if using == "away":
            raise OperationalError("connection refused")
        return Sweep()

    monkeypatch.setattr(work, "databases", lambda: ["away", "default"])
    monkeypatch.setattr(work, "look", look)
    monkeypatch.setattr(work, "_side_by_side", lambda using: False)
    work.sweep(engine.queue, 4)
    assert swept == ["away", "default"]
    assert "The database 'away' is away" in caplog.text


# Recalculating


@pytest.fixture
def edited(monkeypatch: pytest.MonkeyPatch) -> Policy:
    """A policy that was edited, and eight open tickets that keep what it said before."""
    monkeypatch.setattr(recalculating, "BATCH", 2)
    desk = Policy.objects.create(name="Desk", goals={"*": {"resolution": "8h"}})
    with as_of(MONDAY):
        for _ in range(8):
            Ticket.objects.create()
    desk.goals = TIGHTER
    desk.save()
    return desk


def targets() -> set[Any]:
    return set(Ticket.objects.values_list("resolution_target", flat=True))


def test_a_recalculation_is_looked_at_and_applied_by_many(engine: Engine, edited: Policy) -> None:
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, True, "New contract", 3)
        assert engine.names == ["go_on"] * 3
        engine.run()
    run.refresh_from_db()
    assert (run.phase, run.affected, run.applied) == ("done", 8, 8)
    assert run.parts.count() > 3
    assert targets() == {after(4)}
    assert Ticket.objects.first().history.latest().history_change_reason == "New contract"


def test_without_a_number_a_new_one_is_started(engine: Engine, edited: Policy) -> None:
    with as_of(after(1)):
        work.recalculate(engine.queue, None, True, "Release 42", 2)
        engine.run()
    run = Recalculation.objects.get(part_of=None)
    assert (run.phase, run.policies, run.reason) == ("done", [], "Release 42")
    assert targets() == {after(4)}


def test_without_apply_it_is_only_looked_at(engine: Engine, edited: Policy) -> None:
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, False, "", 3)
        engine.run()
        run.refresh_from_db()
        assert (run.phase, run.affected) == ("ready", 8)
        assert targets() == {after(8)}
        work.recalculate(engine.queue, run.pk, True, "Now", 3)
        engine.run()
    assert targets() == {after(4)}


def test_where_nothing_would_change_nothing_is_applied(engine: Engine, edited: Policy) -> None:
    for _ in range(2):
        with as_of(after(1)):
            run = recalculating.start(using="default")
            work.recalculate(engine.queue, run.pk, True, "Again", 2)
            engine.run()
    run.refresh_from_db()
    assert (run.phase, run.affected) == ("ready", 0)


def test_a_small_one_is_done_in_one_piece(engine: Engine, edited: Policy) -> None:
    Ticket.objects.filter(pk__gt=Ticket.objects.order_by("pk")[2].pk).delete()
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, True, "", 4)
        assert engine.names == ["go_on"]
        engine.run()
    run.refresh_from_db()
    assert (run.is_split, run.phase) == (False, "done")


def test_it_goes_on_turn_after_turn(
    engine: Engine, edited: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "TURN", 0)
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, True, "", 2)
        assert engine.run() > 8
    run.refresh_from_db()
    assert (run.phase, run.applied) == ("done", 8)
    assert targets() == {after(4)}


def test_a_task_that_was_killed_leaves_its_work_to_others(engine: Engine, edited: Policy) -> None:
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, True, "", 3)
        del engine.waiting[1:]
        engine.run()
    run.refresh_from_db()
    assert (run.phase, run.applied) == ("done", 8)


def test_one_that_others_have_applied_meanwhile_is_over(
    engine: Engine, edited: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.go_on(engine.queue, run.pk, False, "")
        looked_at = work._recalculation(run.pk)
        work.go_on(engine.queue, run.pk, True, "New contract")
        monkeypatch.setattr(work, "_recalculation", lambda number: looked_at)
        work.go_on(engine.queue, run.pk, True, "Another reason")
    assert engine.waiting == []
    assert Recalculation.objects.get(part_of=None).reason == "New contract"


def test_an_edit_in_between_ends_it(engine: Engine, edited: Policy) -> None:
    with as_of(after(1)):
        run = recalculating.start(using="default")
        work.recalculate(engine.queue, run.pk, True, "", 2)
        edited.at_risk = 50
        edited.save()
        with pytest.raises(PoliciesEdited):
            engine.run()
    assert targets() == {after(8)}


def test_there_is_no_such_recalculation(engine: Engine) -> None:
    with pytest.raises(Recalculation.DoesNotExist):
        work.recalculate(engine.queue, 77, True, "", 2)


def test_a_part_is_no_recalculation(engine: Engine, edited: Policy) -> None:
    run = recalculating.split(recalculating.start(using="default"), 3)
    with pytest.raises(Recalculation.DoesNotExist):
        work.go_on(engine.queue, run.parts.first().pk, True, "")


# Reconciling


def old(model: Any, count: int) -> None:
    """Tickets from before their model had an SLA; those with greater keys are newer."""
    QuerySet(model).bulk_create([model(created_at=after(number)) for number in range(count)])


@pytest.mark.parametrize("model", [Ticket, UUIDTicket])
def test_tickets_are_reconciled_in_ranges(
    engine: Engine, model: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "RANGE", 3)
    old(model, 8)
    with as_of(after(100)):
        work.reconcile(engine.queue, model._meta.label, False)
        assert engine.names == ["reconcile_range"] * 3
        engine.run()
    assert all(ticket.sla_events.count() == 1 for ticket in model.objects.all())


def test_the_newest_come_first(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "RANGE", 3)
    old(Ticket, 8)
    pks = [str(pk) for pk in Ticket.objects.order_by("pk").values_list("pk", flat=True)]
    work.reconcile(engine.queue, "desk.ticket", False)
    assert [(t["first"], t["last"]) for _name, t in engine.waiting] == [
        (pks[5], None),
        (pks[2], pks[5]),
        (None, pks[2]),
    ]
    with as_of(after(100)):
        engine.waiting[:] = engine.waiting[1:2]
        engine.run()
    adopted = Ticket.objects.filter(sla_events__isnull=False)
    assert sorted(adopted.values_list("pk", flat=True)) == [int(pk) for pk in pks[3:6]]


def test_those_that_have_events_are_left_alone(engine: Engine, settings: Any) -> None:
    old(Ticket, 2)
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    QuerySet(Ticket).filter(pk=ticket.pk).update(resolution_target=after(999))
    with as_of(after(100)):
        work.reconcile(engine.queue, "desk.Ticket", True)
        engine.run()
        ticket.refresh_from_db()
        assert ticket.resolution_target == after(999)
        work.reconcile(engine.queue, "desk.Ticket", False)
        engine.run()
    ticket.refresh_from_db()
    assert ticket.resolution_target == after(24)
    assert Ticket.sla.event_model.objects.count() == 3


def test_all_models(engine: Engine) -> None:
    old(Ticket, 1)
    old(UUIDTicket, 1)
    with as_of(after(100)):
        work.reconcile(engine.queue, None, False)
        engine.run()
    assert Ticket.objects.get().sla_events.exists()
    assert UUIDTicket.objects.get().sla_events.exists()


def test_what_cannot_be_replayed_is_told(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    with as_of(MONDAY):
        ticket = Ticket.objects.create()
    ticket.sla_events.update(kind="nonsense")
    work.reconcile_range("desk.Ticket", None, None, False)
    assert f"desk.Ticket {ticket.pk} cannot be replayed" in caplog.text


def test_there_is_no_such_model(engine: Engine) -> None:
    with pytest.raises(LookupError, match=r"'desk\.Tikcet' is not a ticket model"):
        work.reconcile(engine.queue, "desk.Tikcet", False)
