"""What a recalculation would change, in numbers, and the largest moves."""

from collections.abc import Iterable, Sequence
from heapq import nlargest
from typing import Any

from django_sla.flow.judging import Move, Shift
from django_sla.flow.observe import Observer
from django_sla.tables.recalculation import Recalculation

LARGEST = 20
"""How many of the largest moves are kept."""


def count(run: Recalculation, moves: Sequence[Move], observer: Observer) -> None:
    """Add what would change of some tickets to what was found of others."""
    now = observer.now
    largest = list(run.largest)
    least = abs(largest[-1]["moved"]) if len(largest) >= LARGEST else 0.0
    for move in moves:
        earlier = later = was_late = will_be_late = False
        for shift in move.shifts:
            moved = shift.moved.total_seconds()
            earlier = earlier or moved < 0
            later = later or moved > 0
            was_late = was_late or (shift.before is not None and shift.before < now)
            will_be_late = will_be_late or (shift.after is not None and shift.after < now)
            if abs(moved) > least:
                largest.append(_said(move, shift, moved, observer))
                if len(largest) > LARGEST * 2:
                    largest = keep_largest(largest)
                    least = abs(largest[-1]["moved"])
        run.affected += 1
        run.earlier += earlier
        run.later += later
        run.breached += will_be_late and not was_late
        run.recovered += was_late and not will_be_late
    run.largest = keep_largest(largest)


def _said(move: Move, shift: Shift, moved: float, observer: Observer) -> dict[str, Any]:
    return {
        "model": observer.sla.model._meta.label,
        "pk": str(move.pk),
        "metric": shift.metric,
        "before": shift.before.isoformat() if shift.before else None,
        "after": shift.after.isoformat() if shift.after else None,
        "moved": moved,
    }


def keep_largest(moves: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The first few of all, the largest first."""
    return nlargest(LARGEST, moves, key=lambda move: abs(move["moved"]))
