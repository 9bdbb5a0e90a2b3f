"""What is announced to programs. Receivers are called by ``sla_deliver``, outside any transaction,
at least once and each time with the same ``key``; one that raises is called again later.

Each signal is sent by the ticket's model, with ``ticket``, ``metric``, ``cycle``, ``due``, ``at``
(when it happened) and ``key``.
"""

from django.dispatch import Signal

target_warned = Signal()
"""An open clock has come to be at risk."""

target_breached = Signal()
"""A deadline has passed, and the clock is open."""

target_met = Signal()
"""A clock has stopped in time."""
