"""Reports that come by themselves: of what, when, and to whom.

A row says when it is due next. What is due goes into the outbox as an :class:`Order`, which says
all of what the report is to be of; whoever edits the row later changes nothing of that.
"""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings as django_settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils import formats
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from django_sla import registry
from django_sla.moment import now as read_now
from django_sla.tables.recipients import problem_with

DAY = timedelta(days=1)

LONGEST = 62
"""Days between two dates of any recurrence, at most."""


class PeriodName(models.TextChoices):
    """The whole part of a calendar before the day of the report."""

    DAY = "day", gettext_lazy("the day before")
    WEEK = "week", gettext_lazy("the last week, Monday to Sunday")
    MONTH = "month", gettext_lazy("the last month")
    QUARTER = "quarter", gettext_lazy("the last quarter")


class Recurrence(models.TextChoices):
    DAILY = "daily", gettext_lazy("every day")
    WORKING_DAYS = "working", gettext_lazy("Monday to Friday")
    WEEKLY = "weekly", gettext_lazy("every week")
    MONTHLY = "monthly", gettext_lazy("every month")


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """What a report is to be of, in JSON types: a notice keeps it."""

    name: str = ""
    """What the schedule is called; empty for a report that somebody asks for once."""
    schedule: int | None = None
    """Its primary key, where the report is void once that is gone or switched off."""
    model: str
    """The label of the ticket model."""
    by: str = ""
    """As reports have it; empty: by priority where tickets have one."""
    where: Mapping[str, Any] = field(default_factory=dict)
    zone: str
    period: str = ""
    """One of ``PeriodName``, before the date ``day``; empty: from ``since`` until ``until``."""
    day: str = ""
    since: str | None = None
    until: str | None = None
    """ISO 8601 with an offset; None leaves that end open."""
    compare: bool = False
    """Whether the file has the period before, too."""
    now: str | None = None
    """The instant at which open clocks are judged; None: when the report is made."""

    def document(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> "Order":
        """
        Raises:
            TypeError: it is none.
        """
        return cls(**document)


def project_zone() -> str:
    return str(django_settings.TIME_ZONE)


class ReportSchedule(models.Model):
    """A report that comes again and again.

    Whoever may edit one decides who gets the numbers: recipients need no permission of their own.
    """

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(gettext_lazy("name"), max_length=80, unique=True)
    enabled = models.BooleanField(gettext_lazy("enabled"), default=True)
    model = models.CharField(gettext_lazy("kind of ticket"), max_length=200)
    """Its label, ``"desk.Ticket"``."""
    by = models.CharField(gettext_lazy("by"), max_length=200, blank=True)
    """As reports have it: ``"department"``, ``"priority,month"``."""
    where = models.JSONField(gettext_lazy("only tickets with"), default=dict, blank=True)
    """As reports have it: ``{"priority": ["urgent", "high"]}``."""
    period = models.CharField(
        gettext_lazy("period"), max_length=8, choices=PeriodName, default=PeriodName.WEEK.value
    )
    recurrence = models.CharField(
        gettext_lazy("how often"),
        max_length=8,
        choices=Recurrence,
        default=Recurrence.WEEKLY.value,
    )
    weekday = models.PositiveSmallIntegerField(
        gettext_lazy("weekday"), null=True, blank=True, choices=list(WEEKDAYS.items())
    )
    """From 0, Monday. Of a weekly one."""
    day = models.PositiveSmallIntegerField(
        gettext_lazy("day of the month"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(31)],
        help_text=gettext_lazy("In a month that is shorter, its last day."),
    )
    """Of a monthly one."""
    time = models.TimeField(gettext_lazy("time of day"), default=clock_time(8))
    zone = models.CharField(
        gettext_lazy("time zone"),
        max_length=64,
        default=project_zone,
        help_text=gettext_lazy("Of the time of day, and of the days of the period."),
    )
    recipients = models.JSONField(gettext_lazy("recipients"), default=list)
    """``["group:Managers", "user:ada", "boss@example.com"]``"""

    next_at = models.DateTimeField(gettext_lazy("next"), null=True, editable=False, db_index=True)
    """None while it is switched off, and where it cannot be read."""
    last_at = models.DateTimeField(gettext_lazy("last"), null=True, editable=False)
    """When the one was due that was put into the outbox last."""
    problem = models.TextField(gettext_lazy("problem"), blank=True, default="", editable=False)
    """Why nobody got the last one, or some did not."""

    class Meta:
        app_label = "django_sla"
        ordering = ["name"]
        verbose_name = gettext_lazy("report schedule")
        verbose_name_plural = gettext_lazy("report schedules")

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """As Django's; and it is due at the next instant of the recurrence, unless it is one at
        which it is due already."""
        self.time = models.TimeField().to_python(self.time)  # a text, where it is not from a form
        self.next_at = self._next(read_now())
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "next_at"}
        super().save(*args, **kwargs)

    def _next(self, now: datetime) -> datetime | None:
        if not self.enabled:
            return None
        if self.next_at is not None and self.latest(self.next_at) == self.next_at:
            return self.next_at
        return self.following(now)

    # Checking what people wrote

    def clean(self) -> None:
        """Check all but what only the reports know, which is ``by`` and the values of ``where``.

        Raises:
            ValidationError: by field.
        """
        self.where = {} if self.where is None else self.where  # a form has none for an empty one
        errors: dict[str, list[str]] = {}
        for name, problems in (
            ("model", self._model_problems()),
            ("where", self._where_problems()),
            ("weekday", self._weekday_problems()),
            ("day", self._day_problems()),
            ("zone", self._zone_problems()),
            ("recipients", self._recipient_problems()),
        ):
            if found := list(problems):
                errors[name] = found
        if errors:
            raise ValidationError(errors)
        if self.recurrence != Recurrence.WEEKLY:
            self.weekday = None
        if self.recurrence != Recurrence.MONTHLY:
            self.day = None
        self.recipients = list(dict.fromkeys(self.recipients))

    def _model_problems(self) -> Iterator[str]:
        known = labels()
        if self.model not in known:
            message = _("There is no ticket model “%(model)s”; there is %(known)s.")
            yield message % {"model": self.model, "known": ", ".join(known) or "—"}

    def _where_problems(self) -> Iterator[str]:
        if not isinstance(self.where, dict):
            yield _('Expected an object such as {"priority": ["urgent", "high"]}.')

    def _weekday_problems(self) -> Iterator[str]:
        if self.recurrence == Recurrence.WEEKLY and self.weekday is None:
            yield _("Choose the weekday on which it comes.")

    def _day_problems(self) -> Iterator[str]:
        if self.recurrence == Recurrence.MONTHLY and self.day is None:
            yield _("Give the day of the month on which it comes, from 1 to 31.")

    def _zone_problems(self) -> Iterator[str]:
        if not is_zone(self.zone):
            message = _(
                "“%(zone)s” is not the name of a time zone; write one such as Europe/Paris."
            )
            yield message % {"zone": self.zone}

    def _recipient_problems(self) -> Iterator[str]:
        if not isinstance(self.recipients, list) or not self.recipients:
            yield _("Name whom it goes to: user:ada, group:Managers, or an address.")
            return
        for name in self.recipients:
            if problem := problem_with(name):
                yield problem

    # When

    @property
    def tz(self) -> ZoneInfo:
        """
        Raises:
            LookupError, ValueError, OSError: there is no such zone.
        """
        return ZoneInfo(self.zone)

    def following(self, now: datetime) -> datetime:
        """The first instant after ``now`` at which it is due."""
        first = now.astimezone(self.tz).date()
        # The day before: where clocks skip midnight, an instant of it may be yet to come.
        return self._first(range(-1, LONGEST), first, lambda at: at > now)

    def latest(self, now: datetime) -> datetime:
        """The last instant up to ``now`` at which it was due."""
        first = now.astimezone(self.tz).date()
        return self._first(range(1, -LONGEST, -1), first, lambda at: at <= now)

    def _first(self, days: range, today: date, fits: Callable[[datetime], bool]) -> datetime:
        for count in days:
            day = today + count * DAY
            if self._falls_on(day) and fits(at := self._at(day)):
                return at
        raise ValueError(f"recurrence: {self.recurrence!r} falls on no day")

    def _at(self, day: date) -> datetime:
        """Where the clocks skip the time of day, as much later as they skip; where they repeat
        it, the first of the two."""
        return datetime.combine(day, self.time, self.tz).astimezone(UTC)

    def _falls_on(self, day: date) -> bool:
        match self.recurrence:
            case Recurrence.WORKING_DAYS:
                return day.weekday() < 5
            case Recurrence.WEEKLY:
                return day.weekday() == self.weekday
            case Recurrence.MONTHLY:
                return day.day == min(self.day or 1, monthrange(day.year, day.month)[1])
        return True

    def local_day(self, at: datetime) -> date:
        """The date in its zone."""
        return at.astimezone(self.tz).date()

    def order(self, at: datetime, *, void: bool = True) -> Order:
        """The report that is due at an instant; ``void``: not to be sent any more once the
        schedule is gone or switched off."""
        return Order(
            name=self.name,
            schedule=self.pk if void else None,
            model=self.model,
            by=self.by,
            where=self.where,
            zone=self.zone,
            period=self.period,
            day=self.local_day(at).isoformat(),
        )

    def in_words(self) -> str:
        """When it comes, for people: "every week, Monday, 08:00, Europe/Paris"."""
        words = [str(Recurrence(self.recurrence).label)]
        if self.recurrence == Recurrence.WEEKLY and self.weekday is not None:
            words.append(str(WEEKDAYS.get(self.weekday, "")))
        if self.recurrence == Recurrence.MONTHLY:
            words.append(_("day %(day)s") % {"day": self.day})
        return ", ".join([*words, formats.time_format(self.time, "TIME_FORMAT"), self.zone])


def labels() -> list[str]:
    """Of the ticket models."""
    return sorted(model._meta.label for model in registry.tickets)


def is_zone(name: str) -> bool:
    try:
        ZoneInfo(str(name))
    except (LookupError, ValueError, OSError):  # no such name; no name at all; a folder
        return False
    return bool(name)
