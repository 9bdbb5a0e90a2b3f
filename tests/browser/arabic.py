"""Settings of the desk for readers of Arabic, whose host takes the templates of django_sla as they
ship."""

from config.settings import *  # noqa: F403
from config.settings import BASE_DIR, TEMPLATES

LANGUAGE_CODE = "ar"
TEMPLATES[0]["DIRS"] = [BASE_DIR.parent / "django_sla" / "templates"]
