"""Addresses for a host's urls: ``path("sla/", include("django_sla.urls"))``."""

from django.urls import path

from django_sla.views.dashboard import DashboardView
from django_sla.views.feed import FeedCalendarView, FeedView
from django_sla.views.health import HealthView
from django_sla.views.metrics import MetricsView
from django_sla.views.queue import QueueView

app_name = "django_sla"

urlpatterns = [
    path("queue/", QueueView.as_view(), name="queue"),
    path("dashboard/", DashboardView.as_view(), name="dashboard"),
    path("calendar/", FeedView.as_view(), name="feed"),
    path("calendar/<str:token>.ics", FeedCalendarView.as_view(), name="feed_calendar"),
    path("health/", HealthView.as_view(), name="health"),
    path("metrics/", MetricsView.as_view(), name="metrics"),
]
