"""What was found, as lines and as JSON types."""

from django_sla.doctor.finding import error, hint, joined, warning
from django_sla.doctor.text import finding_document, finding_lines, worst_first

FINDINGS = [hint("one"), error("two"), warning("three"), error("four")]


def test_the_worst_come_first_and_otherwise_in_the_order_of_finding() -> None:
    assert [finding.what for finding in worst_first(FINDINGS)] == ["two", "four", "three", "one"]


def test_a_line_for_each_part_that_there_is() -> None:
    found = warning("It is odd.", about="desk.Ticket", cause="So it is.", remedy="Do that.")
    assert list(finding_lines(found)) == [
        "WARNING  desk.Ticket: It is odd.",
        "         Why: So it is.",
        "         Do:  Do that.",
    ]
    assert list(finding_lines(hint("It is odd."))) == ["HINT     It is odd."]


def test_as_json_types() -> None:
    assert finding_document(error("It is wrong.", about="desk.Ticket")) == {
        "severity": "error",
        "about": "desk.Ticket",
        "what": "It is wrong.",
        "cause": "",
        "remedy": "",
    }


def test_many_are_the_first_few_and_a_number() -> None:
    assert joined(["1", "2"], most=2) == "1, 2"
    assert joined(["1", "2", "3", "4"], most=2) == "1, 2, … (+2)"
