"""Settings of the example desk: a demo on one machine, not a model for production.

From the environment:

    DESK_DB             the SQLite file; default: db.sqlite3 beside manage.py
    DESK_CALENDAR       24/7 (the default), or business: Mon-Fri 08:00-18:00 in São Paulo
    DESK_BROKER         redis://127.0.0.1:6379/0, say: deadlines are watched by Celery
    DESK_DEBUG          1 (the default) or 0
    DESK_SECRET_KEY     needed where DESK_DEBUG is 0
    DESK_ALLOWED_HOSTS  comma-separated, where DESK_DEBUG is 0
    DESK_URL            where it is served, for links in messages; default: http://127.0.0.1:8000
"""

import os
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parent.parent

DEBUG = os.environ.get("DESK_DEBUG", "1") == "1"
# Known to everybody who reads this, so it serves only where debugging is on anyway.
SECRET_KEY = os.environ.get("DESK_SECRET_KEY") or ("only-for-the-demo" * 3 if DEBUG else "")
ALLOWED_HOSTS = [host for host in os.environ.get("DESK_ALLOWED_HOSTS", "").split(",") if host]

if not DEBUG:
    # Behind a proxy that speaks TLS, and says so.
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

INSTALLED_APPS = [
    "desk",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django_fsm",
    "drf_spectacular",
    "simple_history",
    "django_sla",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # Who changed a ticket and from which address: the changelog reads both off the request.
    "simple_history.middleware.HistoryRequestMiddleware",
    "desk.middleware.own_pages",
    "desk.middleware.own_zone",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DESK_DB", BASE_DIR / "db.sqlite3"),
        "OPTIONS": {
            # A transaction that reads first and writes later fails where another has written
            # in between; taking the write lock at once makes it wait instead.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Readers and the one writer do not wait for each other.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
FORMAT_MODULE_PATH = ["config.formats"]
TIME_ZONE = "America/Toronto"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "static"

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "desk:list"
LOGOUT_REDIRECT_URL = "login"

# Mails are printed where they are sent from.
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
DEFAULT_FROM_EMAIL = "desk@example.com"

# The API: JSON alone, for whoever is logged in.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "The desk",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
}

# All of it is optional: without this setting the goals that ship hold around the clock.
DJANGO_SLA = {
    "CALENDARS": {
        "business": {
            "tz": "America/Sao_Paulo",
            "hours": {"mon-fri": [("08:00", "18:00")]},
        },
    },
    "BASE_URL": os.environ.get("DESK_URL", "http://127.0.0.1:8000"),
}
if os.environ.get("DESK_CALENDAR", "24/7") == "business":
    DJANGO_SLA["CALENDAR"] = "business"

# Without a broker it is manage.py sla_sweep --loop that watches the deadlines.
if os.environ.get("DESK_BROKER"):
    from django_sla.integrations.celery import beat_schedule

    CELERY_BROKER_URL = os.environ["DESK_BROKER"]
    CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
    CELERY_BEAT_SCHEDULE = beat_schedule()
