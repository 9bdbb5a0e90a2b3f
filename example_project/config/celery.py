"""The desk's background tasks, where DESK_BROKER says how to reach a broker::

celery -A config worker -B
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("desk", include=["django_sla.integrations.celery"])
app.config_from_object("django.conf:settings", namespace="CELERY")
