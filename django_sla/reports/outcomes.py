"""What a clock's row fulfils that reports count, as conditions for the database."""

from datetime import datetime

from django.db.models import Q

from django_sla.tables.clock import StateName


def open_states(now: datetime) -> dict[str, Q]:
    """Of open clocks, by the name of the state."""
    return {
        "breached": Q(stopped_at=None, due_at__lt=now),
        "at_risk": Q(stopped_at=None, due_at__gte=now, warn_at__lte=now),
    }


def counted(now: datetime) -> dict[str, Q]:
    """Of what is compliance made: ``met``, ``missed`` (stopped late), ``breached`` (still open),
    and ``excused``, those of the late ones whose breach was waived."""
    conditions = {
        "met": Q(outcome=StateName.MET),
        "missed": Q(outcome=StateName.MISSED),
        "breached": open_states(now)["breached"],
    }
    late = conditions["missed"] | conditions["breached"]
    return conditions | {"excused": Q(late, waived=True)}


def late(now: datetime) -> Q:
    """Missed or breached, excused or not."""
    conditions = counted(now)
    return conditions["missed"] | conditions["breached"]
