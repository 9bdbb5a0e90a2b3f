"""What the desk of the pictures has beside its tickets; its own ``manage.py shell`` runs this."""

from desk.models import Department

from django_sla.models import Calendar, Policy

for name in ("Infrastructure", "Security"):
    Department.objects.get_or_create(name=name)
office = Calendar.objects.create(
    name="Toronto office",
    tz="America/Toronto",
    hours={"mon-thu": [["08:30", "17:30"]], "fri": [["08:30", "16:00"]]},
    holidays={"2026-02-16": "Family Day", "2026-04-03": "Good Friday"},
)
Policy.objects.create(
    name="Infrastructure",
    order=10,
    conditions=[{"field": "department__name", "operator": "is", "value": "Infrastructure"}],
    goals={
        "urgent": {"response": "30m", "resolution": "4h"},
        "high": {"response": "2h", "resolution": "8h"},
        "*": {"response": "4h", "resolution": "2d"},
    },
    escalations=[
        {"metric": "*", "when": "at_risk", "channel": "email", "to": ["assignee"]},
        {"metric": "resolution", "when": "1h after", "channel": "email", "to": ["lead"]},
    ],
)
Policy.objects.create(
    name="Office hours",
    order=20,
    conditions=[{"field": "priority", "operator": "in", "value": ["medium", "low"]}],
    goals={
        "medium": {"response": "4h", "resolution": "16h"},
        "low": {"response": "8h", "resolution": "40h"},
    },
    calendar=office,
)
