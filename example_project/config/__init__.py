import os

if os.environ.get("DESK_BROKER"):
    # So that what the web server queues goes to this broker, too.
    from config.celery import app as celery_app  # noqa: F401
