"""A help desk: django-helpdesk as it is installed, with service levels beside it."""

from pathlib import Path

BASE_DIR = Path(__file__).parent

SECRET_KEY = "only for tests"
ALLOWED_HOSTS = ["*"]
TIME_ZONE = "UTC"
USE_TZ = True
ROOT_URLCONF = "urls"
STATIC_URL = "static/"
LOGIN_URL = "/helpdesk/login/"
LOGIN_REDIRECT_URL = "/helpdesk/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        # A follow-up and what follows from it are one transaction.
        "ATOMIC_REQUESTS": True,
    }
}

# The order matters: the receivers of `support` run after those of django_sla, and its templates
# are found before those of helpdesk.
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "rest_framework",
    "simple_history",
    "django_sla",
    "support",
    "helpdesk",
]

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

SITE_ID = 1

HELPDESK_TEAMS_MODE_ENABLED = False

DJANGO_SLA = {
    # helpdesk counts from 1, the most urgent, to 5.
    "PRIORITIES": {1: "urgent", 2: "high", 3: "medium", 4: "low", 5: "lowest"},
    "GOALS": {"lowest": {"response": "48h", "resolution": "144h"}},
    "ESCALATIONS": [{"metric": "*", "when": "due", "channel": "email", "to": ["assignee"]}],
    "POLICIES": [
        {
            "name": "Key accounts",
            "when": {"queue__slug": "key-accounts"},
            "goals": {
                "urgent": {"response": "15m", "resolution": "2h"},
                "*": {"response": "1h", "resolution": "8h", "next_response": "2h"},
            },
        }
    ],
}
