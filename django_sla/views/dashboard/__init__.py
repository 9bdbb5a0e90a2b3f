"""The dashboard, and the tickets behind its numbers.

``form.py`` reads the address, ``reports.dashboard`` has the numbers, the other files put them into
words, tables and charts for the templates; ``view.py`` says who sees them.
"""

from django_sla.views.dashboard.view import DashboardView

__all__ = ["DashboardView"]
