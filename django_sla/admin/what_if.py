"""What if: the form of a policy or a calendar as it stands, unsaved, judged over real tickets."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import router
from django.http import HttpResponse
from django.urls import URLPattern
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from django_sla import registry
from django_sla.admin import unsaved
from django_sla.admin.ticket_page import ticket_page
from django_sla.core.errors import CalendarError
from django_sla.models import Policy
from django_sla.moment import now as read_now
from django_sla.reports.draft import drafted
from django_sla.reports.grouping import NONE, PRIORITY, names, title
from django_sla.reports.outcome import Comparison, Row, Tally
from django_sla.reports.simulate import Simulation
from django_sla.tables.clock import metric_name
from django_sla.tables.effective import Policies
from django_sla.words import refusal

NEWEST = 20_000
"""Tickets that a page looks at, of all ticket models together: so many that it answers soon."""

SHOWN = 20
"""Changes that the page lists."""

GROUPS = 50
"""Rows that a table has: those with the most changes."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A group and a metric, as a row of a table."""

    label: str
    metric: str
    tally: Tally


@dataclass(frozen=True, kw_only=True, slots=True)
class Table:
    """The comparison by one group."""

    title: str
    lines: list[Line]
    left_out: int
    """Groups that did not fit."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A promise that is late either now or then."""

    ticket: str
    url: str
    metric: str
    newly_late: bool
    due_now: datetime | None
    due_then: datetime | None
    over: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """What was found of one ticket model."""

    simulation: Simulation
    name: str
    total: list[Line]
    tables: list[Table]
    changes: list[Change]


def urls(model_admin: Any) -> list[URLPattern]:
    return unsaved.urls(model_admin, "what-if", page)


def page(model_admin: Any, request: Any, row: Any) -> HttpResponse:
    """Judge what a form says; nothing is written."""
    form = model_admin.get_form(request, row, change=row is not None)(
        request.POST, request.FILES, instance=row
    )
    found: list[Found] = []
    wrong = ""
    if form.is_valid():
        try:
            found = list(_found(model_admin, request, form.instance))
        except CalendarError as error:
            wrong = capfirst(refusal(error))
    return unsaved.answer(
        model_admin,
        request,
        row,
        "what_if.html",
        title=_("What if…"),
        back=model_admin.page(f"{model_admin.opts.model_name}_change", row.pk) if row else "",
        form=form,
        wrong=wrong,
        draft=str(form.instance),
        found=found,
        newest=NEWEST,
    )


def _found(model_admin: Any, request: Any, row: Any) -> Iterator[Found]:
    using = router.db_for_write(Policy)
    rows = {"policies": [row]} if isinstance(row, Policy) else {"calendars": [row]}
    draft = drafted(using, **rows)
    now = read_now()
    begin = getattr(row, "effective_from", None)
    # One that is to be effective later is judged as if it were by now.
    effective = max(now, begin) if begin else now
    share = max(NEWEST // max(len(registry.tickets), 1), 1)
    for model in registry.tickets:
        yield _of_model(model_admin.admin_site, request, model, draft, share, now, effective)


def _of_model(
    site: Any,
    request: Any,
    model: Any,
    draft: Policies,
    newest: int,
    now: datetime,
    effective: datetime,
) -> Found:
    """By every dimension of the tickets that the user may see; by priority alone of all tickets,
    where they may see none."""
    tickets, may_see = unsaved.tickets_of(site, request, model)
    groups = None if may_see else [name for name in names(model.sla) if name == PRIORITY]
    simulation = Simulation(
        tickets, draft, groups=groups, newest=newest, now=now, effective=effective
    ).run()
    total = simulation.by_group(NONE)
    label = model._meta.label
    changes = []
    for one in simulation.changed[:SHOWN] if may_see else []:
        ticket, url = ticket_page(site, request, label, one.pk)
        changes.append(
            Change(
                ticket=ticket,
                url=url,
                metric=metric_name(one.metric),
                newly_late=one.newly_late,
                due_now=one.due_now,
                due_then=one.due_then,
                over=one.over,
            )
        )
    return Found(
        simulation=simulation,
        name=str(model._meta.verbose_name_plural),
        total=_lines(total, total.total),
        tables=[_table(simulation.by_group(name)) for name in simulation.group_names],
        changes=changes,
    )


def _table(comparison: Comparison) -> Table:
    rows = comparison.rows
    if len(rows) > GROUPS:
        kept = {id(row) for row in sorted(rows, key=_changed, reverse=True)[:GROUPS]}
        rows = [row for row in rows if id(row) in kept]
    return Table(
        title=title(comparison.by),
        lines=[line for row in rows for line in _lines(comparison, row)],
        left_out=len(comparison.rows) - len(rows),
    )


def _changed(row: Row) -> int:
    return sum(tally.newly_met + tally.newly_late for tally in row.metrics.values())


def _lines(comparison: Comparison, row: Row) -> list[Line]:
    """Those that have something to say."""
    return [
        Line(label=row.label, metric=metric_name(metric), tally=row.metrics[metric])
        for metric in comparison.metrics
        if metric in row.metrics and not row.metrics[metric].is_empty
    ]
