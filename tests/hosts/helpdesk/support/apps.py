"""Wiring."""

from django.apps import AppConfig


class SupportConfig(AppConfig):
    name = "support"

    def ready(self):
        from support import receivers  # noqa: F401  connects on import
