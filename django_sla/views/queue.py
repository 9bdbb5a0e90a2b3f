"""The agent's queue: what breaches next."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import quote_etag
from django.utils.translation import gettext_lazy as _
from django.views import View

from django_sla.core.verdict import State
from django_sla.moment import now as read_now
from django_sla.views.tickets import URGENCY, AgentTickets, Entry, entries

GROUPS = {
    State.BREACHED: _("Breached"),
    State.AT_RISK: _("At risk"),
    State.ON_TRACK: _("Next"),
    State.PAUSED: _("Paused"),
}

FRAGMENT = "fragment"
"""The query parameter with which ``refresh.js`` asks for the list alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Tickets of one state."""

    state: State
    title: str
    entries: list[Entry]


class QueueView(LoginRequiredMixin, AgentTickets, View):
    """What breaches next among the tickets of whoever is logged in, for whom else
    :class:`AgentTickets` says. Two queries for each ticket model, and those of the session."""

    http_method_names = ["get", "head", "options"]

    template_name = "django_sla/queue.html"
    fragment_template_name = "django_sla/_queue.html"
    page_size = 50
    """How many tickets there are at most."""
    refresh_seconds = 30

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = read_now()
        context = self.get_context_data(now=now)
        if self._wants_fragment:
            unchanged = get_conditional_response(request, etag=context["etag"])
            response = unchanged or render(request, self.fragment_template_name, context)
            response.headers["ETag"] = context["etag"]
        else:
            response = render(request, self.template_name, context)
        patch_cache_control(response, private=True, no_cache=True)
        patch_vary_headers(response, ["Cookie"])
        return response

    def get_context_data(self, *, now: datetime) -> dict[str, Any]:
        """``groups``, ``more`` (whether there are tickets beyond ``page_size``), ``now``, ``etag``
        and what the page tells ``refresh.js``."""
        found = entries(self.open_tickets(self.request.user), now, self.page_size + 1)
        shown = found[: self.page_size]
        return {
            "groups": _grouped(shown),
            "more": len(found) > len(shown),
            "page_size": self.page_size,
            "now": now,
            "etag": _etag(shown, len(found)),
            "refresh_seconds": self.refresh_seconds,
            "fragment_url": f"{self.request.path}?{FRAGMENT}",
            "time_zone": timezone.get_current_timezone_name(),
        }

    def handle_no_permission(self) -> HttpResponseBase:  # type: ignore[override]
        # The script would follow a redirect and put the login page where the list was.
        return HttpResponseForbidden() if self._wants_fragment else super().handle_no_permission()

    @property
    def _wants_fragment(self) -> bool:
        return FRAGMENT in self.request.GET


def _grouped(found: list[Entry]) -> list[Group]:
    groups = (
        Group(
            state=state,
            title=str(GROUPS[state]),
            entries=[entry for entry in found if entry.state is state],
        )
        for state in URGENCY
    )
    return [group for group in groups if group.entries]


def _etag(shown: Iterable[Entry], found: int) -> str:
    """Of what the list says, but for the time that is left: that the page counts by itself."""
    said = [
        (
            (entry.key, str(entry.ticket), entry.url, entry.priority, entry.policy),
            [
                (v.clock.metric, v.state, v.due, v.clock.waived, v.clock.paused_at)
                for v in entry.verdicts
                if v.clock is not None
            ],
        )
        for entry in shown
    ]
    whole = (translation.get_language(), timezone.get_current_timezone_name(), found, said)
    return quote_etag(hashlib.sha256(repr(whole).encode()).hexdigest()[:32])
