"""The report that an order asks for."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.db.models import Count
from django.utils import formats
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.exceptions import Undeliverable
from django_sla.moment import now as read_now
from django_sla.reports.calendar_period import Bucket, Period, buckets, last, midnight
from django_sla.reports.compliance import ComplianceReport
from django_sla.reports.figures import Row
from django_sla.reports.grouping import (
    DAY,
    MONTH,
    NONE,
    PRIORITY,
    QUARTER,
    WEEK,
    asked,
    names,
)
from django_sla.reports.outcomes import open_states
from django_sla.reports.rates import in_parts
from django_sla.reports.where import conditions
from django_sla.tables.schedule import Order

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA

PARTS = {DAY: 14, WEEK: 12, MONTH: 12, QUARTER: 8}
"""How many parts a trend has."""


class Ordered:
    """What there is to say of the tickets of an order. Some twenty queries, whatever they
    are."""

    def __init__(self, order: Order, using: str):
        """
        Raises:
            Undeliverable: the model, or something that is grouped or filtered by, is gone.
        """
        self.order = order
        self.sla = declaration(order.model)
        self.tz = ZoneInfo(order.zone)
        self.now = datetime.fromisoformat(order.now) if order.now else read_now()
        self.since, self.until, self.period = self._span()
        self._queryset = self.sla.model._default_manager.using(using)
        self._options: dict[str, Any] = {"where": order.where, "now": self.now, "tz": self.tz}
        try:
            self.report = ComplianceReport(
                self._queryset.all(),
                by=order.by or default_by(self.sla),
                since=self.since,
                until=self.until,
                compare=order.compare,
                **self._options,
            )
        except ValueError as error:
            raise Undeliverable(
                _("The report cannot be made: %(error)s. Edit what asks for it.") % {"error": error}
            ) from error

    def _span(self) -> tuple[datetime | None, datetime | None, Period | None]:
        if self.order.period:
            day = date.fromisoformat(self.order.day)
            period = period_before(self.order.period, day, self.tz)
            return period.since, period.until, period
        since, until = (
            datetime.fromisoformat(at) if at else None
            for at in (self.order.since, self.order.until)
        )
        return since, until, _whole_days(since, until, self.tz)

    @property
    def title(self) -> str:
        """The period in words."""
        if self.period is not None:
            return str(self.period)
        since, until = (
            formats.date_format(at.astimezone(self.tz), "DATETIME_FORMAT") if at else ""
            for at in (self.since, self.until)
        )
        if since and until:
            return f"{since} – {until}"
        if since:
            return _("since %(instant)s") % {"instant": since}
        return _("until %(instant)s") % {"instant": until} if until else _("all time")

    @cached_property
    def right_now(self) -> Mapping[str, int]:
        """Tickets that are ``breached`` and ``at_risk``, whatever the period."""
        clocks = self.report.all_clocks.filter(stopped_at=None)
        states = open_states(self.now).items()
        found: dict[str, int] = clocks.aggregate(
            **{name: Count("ticket", filter=q, distinct=True) for name, q in states}
        )
        return found

    @property
    def is_quiet(self) -> bool:
        """Whether nothing happened in the period: no ticket was opened and no clock judged."""
        total = self.report.total
        return not total.tickets and not any(f.judged for f in total.metrics.values())

    @property
    def grain(self) -> str:
        """Days, weeks, months or quarters."""
        if self.order.period:
            return self.order.period
        if self.since is None:
            return MONTH
        length = (self.until or self.now) - self.since
        return DAY if length <= timedelta(days=2) else WEEK if length <= timedelta(45) else MONTH

    @cached_property
    def trend_parts(self) -> Sequence[Bucket]:
        """Up to the end of the period, or to now where that comes first."""
        end = min(self.until, self.now) if self.until else self.now
        day = (end - timedelta.resolution).astimezone(self.tz).date()
        return buckets(last(PARTS[self.grain], self.grain, day, self.tz), self.grain)

    @cached_property
    def trend(self) -> list[Row]:
        """A row for each of ``trend_parts``."""
        return in_parts(self._queryset.all(), self.trend_parts, **self._options)


def period_before(kind: str, day: date, tz: ZoneInfo) -> Period:
    """The whole part of a calendar before that with this day in it."""
    return buckets(last(2, kind, day, tz), kind)[0].period


def _whole_days(since: datetime | None, until: datetime | None, tz: ZoneInfo) -> Period | None:
    if since is None or until is None:
        return None
    first, end = (at.astimezone(tz).date() for at in (since, until))
    if midnight(first, tz) != since or midnight(end, tz) != until or first >= end:
        return None
    return Period(first=first, end=end, tz=tz)


def declaration(label: str) -> "SLA":
    """
    Raises:
        Undeliverable: no ticket model is called so.
    """
    for model, sla in registry.tickets.items():
        if model._meta.label_lower == label.lower():
            found: SLA = sla
            return found
    raise Undeliverable(
        _("There is no ticket model “%(model)s” any more. Edit what asks for it.")
        % {"model": label}
    )


def default_by(sla: "SLA") -> str:
    return PRIORITY if PRIORITY in names(sla) else NONE


def problems(model: str, by: str, where: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with what a schedule asks for, by field. A model that is gone is the model's
    own trouble."""
    try:
        sla = declaration(model)
    except Undeliverable:
        return {}
    found = {}
    for name, check in (
        ("by", lambda: asked(sla, by or default_by(sla))),
        ("where", lambda: conditions(sla, where)),
    ):
        try:
            check()
        except (TypeError, ValueError) as error:
            found[name] = str(error).removeprefix(f"{name}: ")
    return found
