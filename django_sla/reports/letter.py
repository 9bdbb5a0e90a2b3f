"""A report as a mail: what it says in numbers, in pictures, and in the file that comes with it."""

from collections.abc import Mapping, Sequence
from itertools import dropwhile
from typing import Any

from django.http import QueryDict
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _

from django_sla.conf import settings
from django_sla.flow.message import Contents, File
from django_sla.reports.drawing import COLOURS, Series, bars, can_draw, lines
from django_sla.reports.export import FORMATS, safe_name
from django_sla.reports.figures import Row
from django_sla.reports.format import printable
from django_sla.reports.grouping import NONE, is_unset, title
from django_sla.reports.letter_words import change, count, legend, name, percent, spoken
from django_sla.reports.ordered import Ordered
from django_sla.tables.clock import metric_name
from django_sla.tables.schedule import Order

MOST_ROWS = 50
"""Groups that the mail lists; the file has all of them."""

MOST_BARS = 12
"""Groups that the chart shows."""

MOST_BYTES = 5_000_000
"""Of the file. Many mail servers take no more than twice that."""

OF_THE_PAGE = frozenset({"period", "since", "until", "model", "tickets", "format", "page"})
"""What an address of the dashboard says itself; by dimensions called so it cannot filter."""

TREND, GROUPS = "trend@report", "groups@report"
"""What the pictures are called."""


def write(order: Order, using: str) -> Contents:
    """In the current language; days and instants in the zone of the order.

    Raises:
        Undeliverable: what it is of is gone.
    """
    found = Ordered(order, using)
    with timezone.override(found.tz):
        file = attachment(found)
        context = in_words(found, has_file=file is not None)
        images = _images(found, context)
        subject = render_to_string("django_sla/mail/report_subject.txt", context)
        context["subject"] = printable(subject).strip()
        return Contents(
            subject=context["subject"],
            text=render_to_string("django_sla/mail/report.txt", context),
            html=render_to_string("django_sla/mail/report.html", context),
            images=images,
            files=(file,) if file else (),
        )


def in_words(found: Ordered, *, has_file: bool) -> dict[str, Any]:
    """What the templates are given, which a host may override."""
    report, metrics = found.report, found.report.metrics
    rows = [] if found.is_quiet else list(report.rows)
    group = " · ".join(title(one) for one in report.names if one != NONE)
    before = report.previous.total if report.previous is not None else None
    return {
        "name": name(found.order.name),
        "tickets": str(found.sla.model._meta.verbose_name_plural),
        "period": found.title,
        "is_quiet": found.is_quiet,
        "cards": [
            *(_card(metric, report.total, before) for metric in metrics),
            _tickets_card(report.total, before),
        ],
        "now": {state: count(number) for state, number in found.right_now.items()},
        "breached": found.right_now["breached"],
        "has_before": before is not None,
        "objective": percent(settings.objective),
        "metrics": legend(metrics, COLOURS),
        "group": group,
        "rows": [_line(row, metrics) for row in rows[:MOST_ROWS]],
        "total": _line(report.total, metrics),
        "more": max(len(rows) - MOST_ROWS, 0),
        "trend": _trend(found, metrics),
        "url": dashboard_url(found),
        "has_file": has_file,
        "language": get_language(),
        "direction": "rtl" if get_language_bidi() else "ltr",
        "zone": timezone.get_current_timezone_name(),
    }


# The parts


def _card(metric: str, row: Row, before: Row | None) -> dict[str, Any]:
    figures = row.metrics[metric]
    then = before.metrics[metric].compliance if before is not None else None
    return {
        "title": _("%(metric)s in time") % {"metric": metric_name(metric)},
        "value": percent(figures.compliance),
        "note": _("%(met)s of %(judged)s")
        % {"met": count(figures.met), "judged": count(figures.judged)},
        **change(figures.compliance, then, _("points")),
    }


def _tickets_card(row: Row, before: Row | None) -> dict[str, Any]:
    said = change(row.tickets, before.tickets if before is not None else None, "")
    return {
        "title": _("Tickets opened"),
        "value": count(row.tickets),
        "note": "",
        **said,
        "tone": "even",  # neither is better
    }


def _line(row: Row, metrics: Sequence[str], label: str = "") -> dict[str, Any]:
    shares = [row.metrics[metric].compliance for metric in metrics]
    return {
        "label": name(label or row.label),
        "number": row.tickets,
        "tickets": count(row.tickets),
        "breached": count(row.breached) if row.breached else "",
        "shares": [
            {
                "metric": metric_name(metric),
                "text": percent(share),
                "width": 0 if share is None else max(1, round(share)),
                "rest": 100 if share is None else 100 - max(1, round(share)),
                "colour": COLOURS[place % len(COLOURS)],
                "share": share,
                "is_low": share is not None and share < settings.objective,
            }
            for place, (metric, share) in enumerate(zip(metrics, shares, strict=True))
        ],
    }


def _trend(found: Ordered, metrics: Sequence[str]) -> list[dict[str, Any]]:
    """From the first part on of which there is something to say."""
    lines = [
        _line(row, metrics, label=part.short)
        for part, row in zip(found.trend_parts, found.trend, strict=True)
    ]
    return list(dropwhile(lambda line: not _says_something(line), lines))


def _says_something(line: Mapping[str, Any]) -> bool:
    return any(share["share"] is not None for share in line["shares"])


def _images(found: Ordered, context: dict[str, Any]) -> Mapping[str, bytes]:
    """Pictures where they can be drawn; what they say is in the context either way. Without them
    the mail draws bars itself."""
    shown = _worth_a_bar(context["rows"], found.report.rows, found.report.metrics)
    context |= {
        "bars": shown,
        "bars_are_lowest": len(found.report.rows) > MOST_BARS,
        "trend_text": spoken(context["trend"]),
        "bars_text": spoken(shown),
    }
    images: dict[str, bytes] = {}
    names = [one["name"] for one in context["metrics"]]
    for key, part, draw in ((TREND, context["trend"], lines), (GROUPS, shown, bars)):
        labels = [one["label"] for one in part]
        if part and can_draw([*labels, *names]):
            images[key] = draw(labels, _series(part), settings.objective)
    context |= {"trend_image": TREND in images, "bars_image": GROUPS in images}
    return images


def _worth_a_bar(
    lines: list[dict[str, Any]], rows: Sequence[Row], metrics: Sequence[str]
) -> list[dict[str, Any]]:
    """All groups in their order, or of many those that kept fewest promises."""
    if len(rows) > MOST_BARS:
        judged = [row for row in rows if _lowest(row) is not None]
        rows = sorted(judged, key=lambda row: _lowest(row) or 0.0)[:MOST_BARS]
        lines = [_line(row, metrics) for row in rows]
    return [line for line in lines if _says_something(line)]


def _lowest(row: Row) -> float | None:
    shares = [figures.compliance for figures in row.metrics.values()]
    return min((share for share in shares if share is not None), default=None)


def _series(part: Sequence[Mapping[str, Any]]) -> list[Series]:
    return [
        Series(
            name=column[0]["metric"],
            colour=column[0]["colour"],
            values=[share["share"] for share in column],
        )
        for column in zip(*(one["shares"] for one in part), strict=True)
    ]


def attachment(found: Ordered) -> File | None:
    """The report as CSV; None where that would be too much for a mail."""
    pieces, size = [], 0
    for piece in FORMATS["csv"].pieces(found.report):
        pieces.append(piece)
        size += len(piece)
        if size > MOST_BYTES:
            return None
    called = f"{found.order.name or found.sla.model._meta.verbose_name_plural} {found.title}"
    return File(name=safe_name(called, "csv"), content_type="text/csv", content=b"".join(pieces))


def dashboard_url(found: Ordered) -> str:
    """The page of the dashboard that shows the same; empty where the host has none, or nobody
    knows where on the web that is, or what it shows is another period."""
    if found.period is None or not settings.base_url or found.order.where.keys() & OF_THE_PAGE:
        return ""
    try:
        path = reverse("django_sla:dashboard")
    except NoReverseMatch:
        return ""
    query = QueryDict(mutable=True)
    query["model"] = found.sla.model._meta.label_lower
    query["since"], query["until"] = found.period.first.isoformat(), found.period.last.isoformat()
    for key, value in found.order.where.items():
        for one in value if isinstance(value, list) else [value]:
            if is_unset(one):
                query[f"{key}__isnull"] = "True"
            else:
                query.appendlist(key, str(one))
    return f"{settings.base_url}{path}?{query.urlencode()}"
