"""The admin of sweeps: whether deadlines are watched."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils import formats, timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sla.admin.reading import ReadOnlyAdmin
from django_sla.flow.sweep import databases
from django_sla.models import Sweep
from django_sla.tables.delivery import Standing
from django_sla.tables.watching import MAX_AGE, MAX_LAG, MOST, RECENT, Watching, rough, watching

COMMAND = "python manage.py sla_sweep --loop 30"
"""What watches deadlines and sends notices."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A sentence of the banner."""

    level: str
    """As messages have it: ``"success"``, ``"warning"`` or ``"error"``."""
    text: str
    command: str = ""
    """What mends it."""
    link: str = ""
    """Of a page that says more."""


class WhatCameOfIt(admin.SimpleListFilter):
    """A sweep that found nothing is of no interest by itself, and most of them do."""

    title = gettext_lazy("what came of it")
    parameter_name = "found"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("recorded", gettext_lazy("Something was recorded")),
            ("failed", gettext_lazy("Some tickets failed")),
            ("unfinished", gettext_lazy("Did not finish")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        match self.value():
            case "recorded":
                return queryset.filter(recorded__gt=0)
            case "failed":
                return queryset.filter(failed__gt=0)
            case "unfinished":
                return queryset.filter(finished_at=None)
        return None


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    """A row for each sweep, the newest first, and a banner that says whether all is well."""

    list_display = [
        "started_at",
        "took",
        "due",
        "recorded",
        "breaches",
        "notices",
        "failed",
        "late",
        "host",
    ]
    list_filter = [WhatCameOfIt]
    list_per_page = 50
    fieldsets = [
        (None, {"fields": ["started_at", "finished_at", "took", "host"]}),
        (
            gettext_lazy("What it found"),
            {"fields": ["due", "late", "recorded", "breaches", "notices"]},
        ),
        (gettext_lazy("What failed"), {"fields": ["failed", "problem"]}),
    ]
    change_list_template = "admin/django_sla/sweep_list.html"

    @admin.display(description=gettext_lazy("took"))
    def took(self, run: Sweep) -> str:
        if run.finished_at is not None:
            # Translators: seconds.
            seconds = (run.finished_at - run.started_at).total_seconds()
            return _("%s s") % formats.number_format(seconds, 2)
        is_recent = run.started_at > timezone.now() - RECENT
        return _("not finished yet") if is_recent else _("did not finish")

    @admin.display(description=gettext_lazy("lag"), ordering="lag")
    def late(self, run: Sweep) -> str:
        """By how much the oldest due clock was late."""
        return rough(timedelta(seconds=run.lag)) if run.due else "—"

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        context: dict[str, Any] = {}
        if self.has_view_permission(request):
            now, names = timezone.now(), databases()
            context["notes"] = [
                (name if len(names) > 1 else "", note)
                for name in names
                for note in notes(watching(name, now), self._given_up(request))
            ]
        return super().changelist_view(request, {**context, **(extra_context or {})})

    def _given_up(self, request: HttpRequest) -> str:
        """The list of notices that were given up, for those who may see it."""
        if not request.user.has_perm("django_sla.view_notice"):
            return ""
        try:
            page = reverse("admin:django_sla_notice_changelist", current_app=self.admin_site.name)
        except NoReverseMatch:  # a site that leaves it out
            return ""
        return f"{page}?standing__exact={Standing.DEAD.value}"


def notes(found: Watching, given_up: str = "") -> Iterator[Note]:
    """How it stands, in words; ``given_up`` is the address of the notices that were."""
    yield _of_sweeps(found)
    if found.age is not None and found.failures:
        text = ngettext(
            "%(count)d ticket could not be looked at lately: %(problem)s",
            "%(count)d times a ticket could not be looked at lately: %(problem)s",
            found.failures,
        )
        text %= {"count": found.failures, "problem": found.problem}
        yield Note(level="error", text=text, command="python manage.py sla_doctor")
    if found.overdue > MAX_LAG:
        text = ngettext(
            "%(count)d notice waits to be sent, for %(late)s: nobody delivers it.",
            "%(count)d notices wait to be sent, the oldest for %(late)s: nobody delivers them.",
            found.waiting,
        )
        text %= {"count": found.waiting, "late": rough(found.overdue)}
        yield Note(level="error", text=text, command=COMMAND)
    if found.dead:
        text = ngettext(
            "%(count)d notice was given up: whom it is for was not told.",
            "%(count)d notices were given up: whom they are for was not told.",
            found.dead,
        )
        yield Note(level="warning", text=text % {"count": found.dead}, link=given_up)


def _of_sweeps(found: Watching) -> Note:
    if found.age is None:
        text = _("No sweep has ever finished: nobody is told of breaches.")
        return Note(level="error", text=text, command=COMMAND)
    age = {"age": rough(found.age)}
    if found.age > MAX_AGE:
        text = _("No sweep for %(age)s: nobody is told of breaches.") % age
        return Note(level="error", text=text, command=COMMAND)
    if found.lag > MAX_LAG:
        text = ngettext(
            "Last sweep %(age)s ago, and %(due)s clock is due, for %(late)s: it is too much for "
            "the sweeps that run.",
            "Last sweep %(age)s ago, and %(due)s clocks are due, the oldest for %(late)s: it is "
            "too much for the sweeps that run.",
            found.due,
        )
        due = f"{MOST}+" if found.due == MOST else str(found.due)
        text %= {**age, "due": due, "late": rough(found.lag)}
        return Note(level="error", text=text, command=COMMAND)
    return Note(level="success", text=_("Last sweep %(age)s ago, nothing late.") % age)
