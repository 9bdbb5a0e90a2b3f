"""An error budget in words, and as a chart of how it is used up."""

from dataclasses import dataclass
from itertools import accumulate

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from django_sla.reports.budget import ErrorBudget
from django_sla.reports.calendar_period import buckets
from django_sla.reports.dashboard import Burn
from django_sla.tables.clock import metric_name
from django_sla.views.dashboard.charts import Lines, Series, count_scale, lines
from django_sla.views.dashboard.words import count, day, number, percent


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetPanel:
    metric: str
    headline: str
    """How many more may miss."""
    outlook: str
    """Until when it lasts."""
    facts: list[str]
    is_bad: bool
    """Whether it is used up, or will be before the period ends."""
    spent: str
    """Percent, at most 100, as an attribute; empty without a budget."""
    elapsed: str
    """Percent of the period that has passed, as an attribute."""
    chart: Lines | None
    rows: list[tuple[str, str, str]]
    """The same as a table: part, missed in it, missed until its end."""


def budget_panel(burn: Burn, grain: str) -> BudgetPanel:
    budget = burn.budget
    name = metric_name(budget.metric)
    totals = list(accumulate(burn.late))
    return BudgetPanel(
        metric=name,
        headline=_headline(budget),
        outlook=_outlook(burn),
        facts=_facts(budget),
        is_bad=budget.is_spent or budget.runs_out_at is not None,
        spent="" if budget.spent is None else f"{min(budget.spent, 1) * 100:.1f}",
        elapsed=f"{budget.elapsed * 100:.1f}",
        chart=_chart(burn, totals, name, grain) if budget.allowed else None,
        rows=[
            (part.label, count(late), count(total))
            for part, late, total in zip(burn.parts, burn.late, totals, strict=True)
        ],
    )


def _headline(budget: ErrorBudget) -> str:
    left = budget.left
    if left is None or not budget.judged:
        return _("Nothing was due yet")
    if left < 0:
        said = ngettext("%s too many missed", "%s too many missed", -left)
        return said % count(-left)
    return ngettext("%s more may be missed", "%s more may be missed", left) % count(left)


def _outlook(burn: Burn) -> str:
    budget = burn.budget
    if not budget.judged:
        return ""
    if budget.is_spent:
        part = burn.overspent_in
        return _("Used up: %s") % part.short if part else _("Used up")
    if budget.elapsed >= 1:
        return _("It lasted until the end of the period")
    if at := budget.runs_out_at:
        return _("At this rate it runs out on %s") % day(at.astimezone(budget.period.tz).date())
    return _("At this rate it lasts until the end of the period")


def _facts(budget: ErrorBudget) -> list[str]:
    allowed, expected, burn = budget.allowed, budget.expected, budget.burn
    if allowed is None or expected is None or burn is None:
        return []
    objective = percent(budget.objective, 0 if budget.objective == int(budget.objective) else 1)
    return [
        _("Objective %(objective)s: %(allowed)s of %(expected)s may be missed")
        % {
            "objective": objective,
            "allowed": count(int(allowed + 1e-9)),
            "expected": count(round(expected)),
        },
        ngettext("%s missed so far", "%s missed so far", budget.late) % count(budget.late),
        _("Burn rate %s; at 1 it lasts for the period") % number(burn),
    ]


def _chart(burn: Burn, totals: list[int], name: str, grain: str) -> Lines:
    budget = burn.budget
    allowed = budget.allowed or 0
    parts = buckets(budget.period, grain)
    even = [allowed * budget.period.elapsed(part.period.until) for part in parts]
    values: list[float | None] = [*totals, *[None] * (len(parts) - len(totals))]
    return lines(
        _("Error budget: %s") % name,
        parts,
        [
            Series(name=_("Missed so far"), values=values),
            Series(name=_("Even use of the budget"), values=even),
        ],
        scale=count_scale(max(allowed, *totals)),
        text=count,
        rules=[(allowed, _("Budget"))],
    )
