"""What the template tags call things, and how they draw them."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy

from django_sla.core.event import Category, Kind
from django_sla.core.verdict import State

CATEGORIES: Mapping[str, Any] = {
    Category.OPEN: gettext_lazy("open"),
    Category.PAUSED: gettext_lazy("paused"),
    Category.RESOLVED: gettext_lazy("resolved"),
    Category.CLOSED: gettext_lazy("closed"),
}

_OCTAGON = "M5.1 1h5.8L15 5.1v5.8L10.9 15H5.1L1 10.9V5.1zM7 4v5h2V4zM7 10.2v2h2v-2z"
_DISC = "M8 1a7 7 0 1 0 0 14A7 7 0 0 0 8 1z"
_RING = (
    "M8 1.5a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM8 3.3a4.7 4.7 0 1 1 0 9.4 4.7 4.7 0 0 1 0-9.4z"
)

SHAPES: Mapping[str, str] = {
    # Verdicts: no two alike, so that they are told apart without their colours.
    State.ON_TRACK: "M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2z",
    State.AT_RISK: "M8 1.2 15.4 14.4H.6zM7.1 6v4h1.8V6zM7.1 11.2V13h1.8v-1.8z",
    State.BREACHED: _OCTAGON,
    State.PAUSED: "M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z",
    State.MET: "M6.4 12.6 1.8 8l1.7-1.7 2.9 2.9 6.1-6.1 1.7 1.7z",
    State.MISSED: (
        "M3.4 1.8 8 6.4l4.6-4.6 1.6 1.6L9.6 8l4.6 4.6-1.6 1.6L8 9.6l-4.6 4.6-1.6-1.6L6.4 8 1.8 3.4z"
    ),
    State.NONE: "M2.5 7h11v2h-11z",
    # What happened.
    Kind.OPENED: "M7 2h2v5h5v2H9v5H7V9H2V7h5z",
    Kind.AGENT_REPLIED: "M1.5 2.5h13V11H7l-3.5 3v-3h-2z",
    Kind.REQUESTER_REPLIED: "M1.5 2.5h13V11h-2v3L9 11H1.5zM3.3 4.3v4.9h9.4V4.3z",
    Kind.STATUS_MOVED: "M2 7h7V3.5L14.5 8 9 12.5V9H2z",
    Kind.PRIORITY_CHANGED: "M3 1.5h1.8v1h8.7l-2.2 3.2L13.5 9H4.8v5.5H3z",
    Kind.TERMS_CHANGED: "M3.5 1.5h6L13 5v9.5H3.5zM5.3 7.2v1.5h5.9V7.2zM5.3 10.2v1.5h5.9v-1.5z",
    Kind.TARGET_SET: f"{_RING}M8 5.8a2.2 2.2 0 1 0 0 4.4 2.2 2.2 0 0 0 0-4.4z",
    Kind.TARGET_CLEARED: _RING,
    Kind.BREACH_WAIVED: "M8 1.2 13.8 3.3V8c0 3.2-2.4 5.6-5.8 6.8C4.6 13.6 2.2 11.2 2.2 8V3.3z",
    Kind.HELD: f"{_DISC}M5.2 4.8h2v6.4h-2zM8.8 4.8h2v6.4h-2z",
    Kind.RELEASED: f"{_DISC}M6.2 4.6 11.6 8l-5.4 3.4z",
    Kind.TARGET_WARNED: f"{_RING}M7.1 4.2v4.5l3.2 2 .9-1.5-2.3-1.4V4.2z",
    Kind.TARGET_BREACHED: f"{_DISC}M7 4h2v5H7zM7 10.2h2v2H7z",
    Kind.ESCALATED: "M8 1.5 13.5 7H10v3H6V7H2.5zM6 11.5h4v3H6z",
}
"""Outlines in a box of 16 by 16, by state and by kind of event."""
