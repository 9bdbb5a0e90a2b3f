"""What the desk has before anybody comes; its own ``manage.py shell`` runs this.

Each policy of ``POLICIES`` is for the tickets of a category that is called as it is, promises a
resolution in 8 hours, and has one open ticket, "For Faster" say.
"""

from datetime import UTC, datetime, timedelta

from desk.models import Department, Ticket
from django.contrib.auth.models import Permission, User

from django_sla.models import Calendar, Notice, Policy, Sweep
from django_sla.moment import as_of
from django_sla.tables.delivery import Standing
from tests.browser.steps import DEPARTMENTS, HOSTILE

POLICIES = [
    "Faster",
    "Interrupted",
    "By hand",
    "In use",
    "Edited",
    "Read",
    "Broad",
    "Special",
    "Toured",
]
CALENDARS = ["Ontario", "One of several", "Two of several"]

USERS = {
    "reader": ["view_policy", "view_calendar", "view_ticket"],
    "editor": ["view_policy", "change_policy", "view_calendar", "change_calendar"],
    "handler": ["view_ticket", "change_ticket"],
    "excuser": ["view_ticket", "waive_breach"],
}
"""Users of the admin, each with their name for a password, and what they may do there."""


def policy(name: str, order: int, *conditions: dict[str, str], **more: object) -> None:
    Policy.objects.create(
        name=name,
        order=order,
        conditions=conditions,
        goals={"*": {"resolution": "8h"}},
        **more,
    )


def where(field: str, value: str) -> dict[str, str]:
    return {"field": field, "operator": "is", "value": value}


for name in DEPARTMENTS:
    Department.objects.create(name=name)
for name, codenames in USERS.items():
    user = User.objects.create_user(name, password=name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=codenames))
office_hours = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
for name in CALENDARS:
    Calendar.objects.create(name=name, tz="America/Toronto", hours=office_hours)
in_use = Calendar.objects.create(name="In use", tz="America/Toronto", hours=office_hours)
for number, name in enumerate(POLICIES, start=1):
    calendar = in_use if name == in_use.name else None
    policy(name, 10 * number, where("category", name), calendar=calendar)
    Ticket.objects.create(title=f"For {name}", category=name)
Ticket.objects.create(title="Faster, too", category="Faster")

ago = datetime.now(UTC) - timedelta(hours=2)
Sweep.objects.create(started_at=ago, finished_at=ago, failed=1, problem="17: KeyError", host="one")
Sweep.objects.create(started_at=ago, host="two")
for number, standing in enumerate(Standing.values):
    Notice.objects.create(
        key=f"notice-{number}",
        kind="target_breached",
        channel="email",
        recipient=f"user:{User.objects.get(username='reader').pk}",
        model="desk.Ticket",
        ticket=str(Ticket.objects.first().pk),
        metric="resolution",
        when="due",
        at=ago,
        standing=standing,
        tries=3,
        problem="ConnectionRefusedError: [Errno 111] Connection refused" * (standing == "dead"),
    )

# As in docs/how-to/why-this-deadline.md.
why = where("category", "why")
policy("VIP customers", 110, why, where("priority", "urgent"))
policy("Winter campaign", 120, why, effective_until=datetime(2020, 1, 31, 23, tzinfo=UTC))
policy("Office", 130, why)
Ticket.objects.create(title="Why?", category="why")

# Late, and with a clock that nobody but the tour stands before.
with as_of(datetime.now(UTC) - timedelta(days=3)):
    Ticket.objects.create(title="Late on the way", category="Toured")

# Late, with names that somebody chose to do harm, for the dashboard.
policy("<img src=x onerror=alert(2)>", 140, where("category", HOSTILE))
villain = User.objects.create_user("villain", first_name=HOSTILE, is_staff=True)
with as_of(datetime.now(UTC) - timedelta(days=3)):
    for title in (HOSTILE, f"{HOSTILE} again"):
        Ticket.objects.create(
            title=title,
            category=HOSTILE,
            assignee=villain,
            department=Department.objects.get(name=HOSTILE),
        )
