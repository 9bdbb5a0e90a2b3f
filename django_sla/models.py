"""The face of the package: what Django and hosts import. Defines nothing."""

from django_sla.tables.calendar import Calendar
from django_sla.tables.clock import SLAClock
from django_sla.tables.delivery import Notice
from django_sla.tables.event import SLAEvent
from django_sla.tables.feed import Feed
from django_sla.tables.history import ClientIPHistory, ClientIPHistoryManager
from django_sla.tables.policy import Policy
from django_sla.tables.recalculation import Recalculation
from django_sla.tables.schedule import ReportSchedule
from django_sla.tables.seal import Seal
from django_sla.tables.sweep import Beginning, Sweep
from django_sla.tables.terms import Terms
from django_sla.ticket.declaration import SLA
from django_sla.ticket.face import TicketSLA
from django_sla.ticket.mixin import SLAMixin
from django_sla.ticket.queryset import SLAQuerySet

__all__ = [
    "SLA",
    "Beginning",
    "Calendar",
    "ClientIPHistory",
    "ClientIPHistoryManager",
    "Feed",
    "Notice",
    "Policy",
    "Recalculation",
    "ReportSchedule",
    "SLAClock",
    "SLAEvent",
    "SLAMixin",
    "SLAQuerySet",
    "Seal",
    "Sweep",
    "Terms",
    "TicketSLA",
]
