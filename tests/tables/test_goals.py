"""Tables of goals, in one order."""

from django_sla.tables.goals import in_order


def listed(found: dict[str, dict[str, str]]) -> list[tuple[str, list[str]]]:
    return [(priority, list(row)) for priority, row in found.items()]


def test_priorities_come_in_the_order_of_urgency_and_all_others_last() -> None:
    row = {"response": "1h"}
    given = {"*": row, "low": row, "p2": row, "p1": row, "urgent": row, "high": row}
    assert list(in_order(given)) == ["urgent", "high", "low", "p1", "p2", "*"]


def test_metrics_come_in_the_order_of_the_registry() -> None:
    given = {"low": {"archiving": "1d", "closure": "3d", "resolution": "2d", "response": "1h"}}
    assert listed(in_order(given)) == [("low", ["response", "resolution", "closure", "archiving"])]


def test_values_stay_where_they_are() -> None:
    given = {"*": {"resolution": "2d"}, "urgent": {"response": "1h"}}
    assert in_order(given) == given
