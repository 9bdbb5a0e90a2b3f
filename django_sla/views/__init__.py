"""Views for a host's urls: ``include("django_sla.urls")``, or each on its own."""

from django_sla.views.dashboard import DashboardView
from django_sla.views.feed import FeedCalendarView, FeedView
from django_sla.views.health import HealthView
from django_sla.views.metrics import MetricsView
from django_sla.views.queue import QueueView
from django_sla.views.tickets import AgentTickets

__all__ = [
    "AgentTickets",
    "DashboardView",
    "FeedCalendarView",
    "FeedView",
    "HealthView",
    "MetricsView",
    "QueueView",
]
