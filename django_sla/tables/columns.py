"""The columns of a ticket that events decide, by field name."""

COLUMNS = (
    "created_at",
    "response_target",
    "resolution_target",
    "first_responded_at",
    "resolved_at",
    "closed_at",
)

TARGETS = {"response_target": "response", "resolution_target": "resolution"}
"""Which metric's due instant a column shows."""
