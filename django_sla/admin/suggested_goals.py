"""Goals that history suggests, beside those that a form says; taken into the form, unsaved.

The form is sent here as it stands, and from here back, with other goals. So it does not ask for
suggestions itself, which takes as long as there are tickets, and nothing typed is lost.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern
from django.utils import timezone
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.admin import unsaved
from django_sla.admin.policy_form import GoalsTable, priority_in_words
from django_sla.core.duration import format_duration
from django_sla.moment import now as read_now
from django_sla.reports.calendar_period import NAMED, Period, named
from django_sla.reports.suggest import SHARES, Suggestions, suggest
from django_sla.tables.clock import metric_name

UNSAVED = "_unsaved"
"""Sent with a form that is to be shown as it says, and not to be saved."""

PERIOD = "_period"
PERIODS = ("last-quarter", "quarter", "90d", "year")
"""The first is looked at unless another is asked for."""

NOT_OF_THE_FORM = (UNSAVED, PERIOD, "csrfmiddlewaretoken")

Fields = list[tuple[str, str]]
"""What a form sends."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Offer:
    """One goal for so many percent."""

    percent: int
    goal: str
    """As people type it: ``6h``."""
    met: float
    """How many percent would have met it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A priority and a metric, as a row of a table."""

    priority: str
    metric: str
    stopped: int
    said: str
    """The goal in the form."""
    offers: list[Offer]


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What one ticket model suggests."""

    name: str
    lines: list[Line]
    forms: list[tuple[int, Fields]]
    """For each share what the form sends once its goals are taken."""


def urls(model_admin: Any) -> list[URLPattern]:
    return unsaved.urls(model_admin, "suggested-goals", page)


def page(model_admin: Any, request: Any, row: Any) -> HttpResponse:
    """Suggest, beside what a form says; nothing is written."""
    asked = request.POST.get(PERIOD, "")
    chosen = asked if asked in PERIODS else PERIODS[0]
    period = named(chosen, read_now(), timezone.get_current_timezone())
    form = Goals(request.POST)
    return unsaved.answer(
        model_admin,
        request,
        row,
        "suggested_goals.html",
        title=_("Suggested goals"),
        back=model_admin.page("policy_change", row.pk) if row else model_admin.page("policy_add"),
        found=[
            _of_model(model_admin.admin_site, request, model, period, form)
            for model in registry.tickets
        ],
        period=period,
        periods=[(name, NAMED[name][0], name == chosen) for name in PERIODS],
        fields=form.sent,
        shares=SHARES,
    )


def _of_model(site: Any, request: Any, model: Any, period: Period, form: "Goals") -> Found:
    tickets, _may_see = unsaved.tickets_of(site, request, model)
    found = suggest(tickets, since=period.since, until=period.until)
    return Found(
        name=str(model._meta.verbose_name_plural),
        lines=[_line(one, form) for one in found],
        forms=[(percent, form.taking(found, percent)) for percent in SHARES if found],
    )


def _line(one: Suggestions, form: "Goals") -> Line:
    return Line(
        priority=priority_in_words(one.priority) if one.priority else _("(none)"),
        metric=metric_name(one.metric),
        stopped=one.clocks,
        said=form.said(one.priority, one.metric),
        offers=[
            Offer(percent=percent, goal=_goal(one, percent), met=one.share(percent))
            for percent in SHARES
        ],
    )


def _goal(one: Suggestions, percent: int) -> str:
    return format_duration(one.by_share[percent].target)


class Goals:
    """The goals of a policy's form as it was sent."""

    def __init__(self, data: QueryDict):
        self._data = data
        self.sent: Fields = [
            (name, value)
            for name, values in data.lists()
            if name not in NOT_OF_THE_FORM
            for value in values
        ]
        self._rows = {
            value.casefold(): name.removesuffix("-priority")
            for name, value in self.sent
            if name.startswith("goals-") and name.endswith("-priority") and value
        }

    def said(self, priority: str, metric: str) -> str:
        row = self._rows.get(priority)
        return self._data.get(f"{row}-{metric}", "") if row else ""

    def taking(self, found: list[Suggestions], percent: int) -> Fields:
        """What the form sends once the goals for so many percent are in it. Where no ticket may
        have a priority any more, there is no row for it, and none is added."""
        taken = dict(self._goals(found, percent))
        return [(name, value) for name, value in self.sent if name not in taken] + list(
            taken.items()
        )

    def _goals(self, found: list[Suggestions], percent: int) -> Iterator[tuple[str, str]]:
        rows, count = dict(self._rows), self._count()
        for one in found:
            row = rows.get(one.priority)
            if row is None and one.priority and GoalsTable().can_add():
                row = rows[one.priority] = f"goals-{count}"
                count += 1
                yield f"{row}-priority", one.priority
                yield "goals-TOTAL_FORMS", str(count)
            if row is not None:
                yield f"{row}-{one.metric}", _goal(one, percent)

    def _count(self) -> int:
        text = self._data.get("goals-TOTAL_FORMS", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def is_unsaved(request: HttpRequest) -> bool:
    """Whether a form that was sent is only to be shown."""
    return UNSAVED in request.POST


def only_shown(form: type[Any]) -> type[Any]:
    """The same form, which is never ready to be saved."""
    return type(form.__name__, (form,), {"is_valid": lambda self: False})
