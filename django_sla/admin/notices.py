"""The admin of notices: what was told to whom, what was not, and why."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib import admin, messages
from django.contrib.admin.exceptions import NotRegistered
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import router
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.text import Truncator, capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from django_sla.admin.lists import lines
from django_sla.admin.reading import ReadOnlyAdmin, instant
from django_sla.admin.ticket_page import change_page
from django_sla.conf import SIGNAL, settings
from django_sla.exceptions import InvalidSettings
from django_sla.flow import deliver
from django_sla.flow.notices import UNRESOLVED
from django_sla.models import Notice
from django_sla.tables.clock import metric_name
from django_sla.tables.delivery import NoticeKind, Standing
from django_sla.tables.escalation import when_said

RETRY = "django_sla.retry_notice"
"""The permission to have notices sent again."""

BATCH = 500

COLOURS = {
    Standing.WAITING: "on_track",
    Standing.SENT: "met",
    Standing.MOOT: "paused",
    Standing.DEAD: "missed",
}
"""Of the badges of which state."""


class ChannelFilter(admin.SimpleListFilter):
    """By the channels that there are; to ask the rows for theirs would read all of them."""

    title = gettext_lazy("channel")
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        try:
            names = sorted(settings.channels)
        except InvalidSettings:
            names = []
        return [(name, name) for name in (*names, SIGNAL)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any] | None:
        return queryset.filter(channel=self.value()) if self.value() else None


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    """The outbox, the newest first."""

    list_display = [
        "what",
        "shown_ticket",
        "whom",
        "how_far",
        "short_problem",
    ]
    list_filter = ["standing", ChannelFilter, "kind"]
    search_fields = ["recipient"]
    search_help_text = gettext_lazy("An address, a name of a user, or the key of a ticket.")
    actions = ["send_again"]
    fieldsets = [
        (None, {"fields": ["what", "shown_ticket", "at", "due"]}),
        (
            gettext_lazy("Delivery"),
            {"fields": ["shown_recipient", "channel", "how_far", "sent_at", "problem"]},
        ),
        (
            gettext_lazy("For those who look for it in a log"),
            {"fields": ["key", "digest", "sweep", "created_at"]},
        ),
    ]
    readonly_fields = ["what", "shown_ticket", "shown_recipient", "how_far"]

    # The columns

    @admin.display(description=gettext_lazy("what"))
    def what(self, notice: Notice) -> str:
        if notice.kind == NoticeKind.REPORT:
            name = (notice.report or {}).get("name", "")
            return lines([capfirst(notice.get_kind_display()), *([name] if name else [])])
        said = [capfirst(notice.get_kind_display()), metric_name(notice.metric)]
        is_escalation = notice.kind == NoticeKind.ESCALATED
        return lines([*said, when_said(notice.when)] if is_escalation else said)

    @admin.display(description=gettext_lazy("ticket"))
    def shown_ticket(self, notice: Any) -> str:
        text, url = notice.shown["ticket"]
        return format_html('<a href="{}">{}</a>', url, text) if url else text

    @admin.display(description=gettext_lazy("recipient and channel"), ordering="recipient")
    def whom(self, notice: Any) -> str:
        """In one column, or the problem would have no room."""
        return lines([notice.shown["recipient"], notice.channel])

    @admin.display(description=gettext_lazy("recipient"))
    def shown_recipient(self, notice: Any) -> str:
        return str(notice.shown["recipient"])

    @admin.display(description=gettext_lazy("standing"), ordering="standing")
    def how_far(self, notice: Notice) -> str:
        standing = Standing(notice.standing)
        badge = format_html(
            '<span class="sla-badge sla-badge--{}">{}</span>',
            COLOURS[standing],
            capfirst(str(standing.label)),
        )
        return lines([badge, *_tries(notice)])

    @admin.display(description=gettext_lazy("problem"))
    def short_problem(self, notice: Notice) -> str:
        return Truncator(notice.problem).chars(120)

    # Rows with what they refer to, which is asked once for all of them

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        changes = super().get_changelist_instance(request)
        changes.result_list = list(changes.result_list)
        self._show(request, changes.result_list)
        return changes

    def get_object(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        notice = super().get_object(request, *args, **kwargs)
        if notice is not None:
            self._show(request, [notice])
        return notice

    def _show(self, request: HttpRequest, notices: list[Any]) -> None:
        users = _users(notices)
        by_model = defaultdict(list)
        for notice in notices:
            by_model[notice.model].append(notice)
        for label, some in by_model.items():
            pks = {notice.ticket for notice in some if notice.ticket}
            tickets = self._tickets(request, label, pks) if pks else {}
            for notice in some:
                name = f"{notice.model} {notice.ticket}".strip()
                notice.shown = {
                    "ticket": tickets.get(notice.ticket, (name, "")),
                    "recipient": _recipient(notice, users),
                }

    def _tickets(
        self, request: HttpRequest, label: str, pks: Iterable[str]
    ) -> dict[str, tuple[str, str]]:
        """The names and pages of those tickets that the user may see, by their keys as text."""
        try:
            model = apps.get_model(label)
            shown = self.admin_site.get_model_admin(model)
        except (LookupError, NotRegistered):
            return {}
        tickets = shown.get_queryset(request).filter(pk__in=_keys(model, pks))
        return {
            str(ticket.pk): (str(ticket), change_page(shown, ticket))
            for ticket in tickets
            if shown.has_view_permission(request, ticket)
        }

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        wanted = Q(recipient__icontains=term) | Q(ticket=term)
        return queryset.filter(wanted | Q(recipient__in=_called(term))), False

    # Sending again

    def has_retry_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(RETRY)

    @admin.action(description=gettext_lazy("Send again"), permissions=["retry"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Those that were given up, and no others."""
        using = router.db_for_write(Notice)
        chosen = queryset.count()
        dead = list(queryset.filter(standing=Standing.DEAD).values_list("pk", flat=True))
        sent = 0
        for first in range(0, len(dead), BATCH):
            pks = dead[first : first + BATCH]
            sent += deliver.retry(pks, using=using)
            rows = Notice._base_manager.using(using).filter(pk__in=pks)
            LogEntry.objects.log_actions(
                str(request.user.pk), rows, CHANGE, change_message=_("Sent again.")
            )
        if sent:
            text = ngettext(
                "%(count)d notice will be sent again.",
                "%(count)d notices will be sent again.",
                sent,
            )
            self.message_user(request, text % {"count": sent}, messages.SUCCESS)
        if rest := chosen - len(dead):
            text = ngettext(
                "%(count)d notice was left as it is: only those given up are sent again.",
                "%(count)d notices were left as they are: only those given up are sent again.",
                rest,
            )
            self.message_user(request, text % {"count": rest}, messages.WARNING)


def _tries(notice: Notice) -> Iterator[str]:
    if notice.tries > 1:
        yield _("%(count)d tries") % {"count": notice.tries}
    if notice.standing == Standing.WAITING:
        label = _("next try %(at)s") if notice.tries else _("from %(at)s on")
        yield label % {"at": instant(notice.try_at)}


def _keys(model: Any, texts: Iterable[str]) -> list[Any]:
    """Primary keys as the model has them."""
    found = []
    for text in texts:
        try:
            found.append(model._meta.pk.to_python(text))
        except ValidationError:
            continue
    return found


def _users(notices: Iterable[Any]) -> dict[str, Any]:
    """The users that these notices are for, by their keys as text."""
    wanted = {notice.user_pk for notice in notices if notice.user_pk}
    if not wanted:
        return {}
    model = get_user_model()
    users = model._base_manager.filter(pk__in=_keys(model, wanted))
    return {str(user.pk): user for user in users}


def _recipient(notice: Any, users: Mapping[str, Any]) -> str:
    pk = notice.user_pk
    if pk is None:
        name = notice.recipient.removeprefix(UNRESOLVED)
        if name != notice.recipient:
            return _("“%(name)s”, whoever that is") % {"name": name}
        return notice.recipient or "—"
    user = users.get(pk)
    if user is None:
        return _("user %(key)s, who is gone") % {"key": pk}
    full_name = getattr(user, "get_full_name", str)()
    return full_name or str(user)


def _called(term: str) -> list[str]:
    """As recipients, the users whose name or address has this in it."""
    model: Any = get_user_model()
    known = {field.name for field in model._meta.concrete_fields}
    usual = {model.USERNAME_FIELD, model.get_email_field_name(), "first_name", "last_name"}
    named = Q()
    for name in sorted(usual & known):
        named |= Q(**{f"{name}__icontains": term})
    users = model._base_manager.filter(named) if named else model._base_manager.none()
    return [f"user:{pk}" for pk in users.values_list("pk", flat=True)[:BATCH]]
