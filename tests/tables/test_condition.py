"""Conditions that people write: what is refused, in which words, and what comes back typed."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.utils import translation

from django_sla import registry
from django_sla.core.condition import EVERY_TICKET, Operator
from django_sla.flow.observe import FactsOf
from django_sla.models import Policy
from django_sla.tables import asked
from django_sla.tables.asked import (
    MODEL,
    field_at,
    fields_of,
    models_with,
    operators_for,
    path_in_words,
)
from django_sla.tables.condition import OperatorName, clean, clean_row, in_words, read
from tests.hosts.assets.models import AssetTicket, Country, Site
from tests.hosts.desk.models import Department, Project, Ticket
from tests.hosts.people.models import Person
from tests.hosts.variety.models import ExtendedTicket, UUIDTicket

NEW_YORK = timezone(timedelta(hours=-5))


def row(field: str, operator: str = "is", value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def refused(*rows: object) -> list[str]:
    with pytest.raises(ValidationError) as caught:
        clean(list(rows))
    return caught.value.messages


def refused_row(given: object) -> dict[str, list[str]]:
    with pytest.raises(ValidationError) as caught:
        clean_row(given)
    return caught.value.message_dict


def reread(*rows: dict[str, Any]) -> Any:
    """The condition after it was stored as JSON."""
    return read(json.loads(json.dumps(clean(list(rows)))))


@pytest.fixture
def only() -> Iterator[Any]:
    """Make these the only ticket models."""
    kept = dict(registry.tickets)

    def leave(*models: Any) -> None:
        registry.tickets.clear()
        registry.tickets.update({model: kept[model] for model in models})

    yield leave
    registry.tickets.clear()
    registry.tickets.update(kept)


# Which fields may be asked


def test_the_fields_are_the_models_own_and_one_step_across() -> None:
    paths = [path for path, _field in fields_of(AssetTicket)]
    assert {"sort", "site", "site__name", "site__vip", "site__manager", "country"} <= set(paths)
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize(
    "path",
    [
        "id",
        "pk",
        "created_at",
        "response_target",
        "closed_at",
        "history",
        "sla",
        "details",
        "site_id",
        "site__",
        "site__id",
        "site__pk",
        "site_id__name",
        "site__manager__username",
        "__class__",
        "sla_clocks__due_at",
        "notes__icontains",
        "_meta",
        "_meta__app_label",
    ],
)
def test_what_is_not_offered_is_not_accepted(path: str) -> None:
    assert path not in dict(fields_of(AssetTicket))
    assert field_at(path) is None
    assert f"No ticket has a field “{path}”." in refused_row(row(path, "is", 1))["field"][0]


@pytest.mark.parametrize("model", [Ticket, AssetTicket])
def test_passwords_are_never_offered_and_never_accepted(model: Any) -> None:
    assert not [path for path, _field in fields_of(model) if "password" in path]
    for path in ("requester__password", "site__password"):
        assert field_at(path) is None
        assert refused_row(row(path, "starts_with", "a"))["field"]


def test_a_field_that_several_models_have_is_that_of_each() -> None:
    assert set(models_with({"status", "priority"})) >= {Ticket, UUIDTicket}
    assert models_with({"status", "sort"}) == []
    assert models_with({MODEL, "sort"}) == [AssetTicket]


# A row that is wrong


@pytest.mark.parametrize("rows", [None, "status", {"field": "status"}, 3])
def test_something_that_is_no_list(rows: object) -> None:
    with pytest.raises(ValidationError) as caught:
        clean(rows)
    assert caught.value.messages == [f"Expected a list of conditions, got {rows!r}."]


@pytest.mark.parametrize("given", [None, [], "status", {"feild": "status"}, {"field": "x", "a": 1}])
def test_something_that_is_no_row(given: object) -> None:
    (message,) = refused(given)
    assert message == (
        f'Condition 1: Expected {{"field": …, "operator": …, "value": …}}, got {given!r}.'
    )


@pytest.mark.parametrize("path", ["", None])
def test_a_row_without_a_field(path: Any) -> None:
    assert refused_row({"field": path, "value": "a"}) == {"field": ["Choose a field."]}
    assert refused_row({"value": "a"}) == {"field": ["Choose a field."]}


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("proirity", 'Did you mean "priority"?'),
        ("Project__Key", 'Did you mean "project__key"?'),
        ("project__nmae", ""),
        ("zzz", ""),
        (3, ""),
        (["status"], ""),
    ],
)
def test_an_unknown_field(path: Any, hint: str) -> None:
    (message,) = refused_row(row(path, "is", "a"))["field"]
    assert message.startswith(f"No ticket has a field “{path}”.")
    assert message.endswith(hint)


def test_a_field_of_a_thousand_letters_is_told_short() -> None:
    (message,) = refused_row(row("x" * 1000, "is", "a"))["field"]
    assert message == f"No ticket has a field “{'x' * 80}”."


@pytest.mark.parametrize(
    ("path", "operator", "names"),
    [
        ("leased", "contains", "is, is_not"),
        ("leased", "empty", "is, is_not"),
        ("insured", "at_least", "is, is_not, empty, not_empty"),
        ("site", "at_least", "is, is_not, in, not_in, empty, not_empty"),
        ("tag", "contains", "is, is_not, in, not_in, empty, not_empty"),
        ("sort", "empty", "is, is_not, in, not_in, at_least, at_most"),
        ("sort", "starts_with", "is, is_not, in, not_in, at_least, at_most"),
        ("cost", "contains", "is, is_not, in, not_in, at_least, at_most, empty, not_empty"),
        ("title", "at_most", "is, is_not, in, not_in, contains, starts_with, empty, not_empty"),
        (MODEL, "empty", "is, is_not, in, not_in"),
        ("title", "like", "is, is_not, in, not_in, contains, starts_with, empty, not_empty"),
        ("title", None, "is, is_not, in, not_in, contains, starts_with, empty, not_empty"),
        ("title", ["is"], "is, is_not, in, not_in, contains, starts_with, empty, not_empty"),
    ],
)
def test_an_operator_that_the_field_does_not_have(path: str, operator: Any, names: str) -> None:
    assert refused_row(row(path, operator, "1")) == {
        "operator": [f"This field can be compared with: {names}."]
    }


def test_a_field_is_only_empty_where_it_can_be() -> None:
    assert Operator.EMPTY in operators_for("site__vip"), "the site may be missing"
    assert Operator.EMPTY in operators_for("notes"), "a text may be empty"
    assert Operator.EMPTY not in operators_for("serial_number")


def test_without_an_operator_it_is_equality() -> None:
    assert clean_row({"field": "title", "value": "a"}) == row("title", "is", "a")


@pytest.mark.parametrize(
    ("path", "operator", "value", "message"),
    [
        ("title", "in", [], "Give at least one value."),
        ("title", "is", [], "Give one value."),
        ("title", "is", ["a", "b"], "Give one value."),
        ("title", "is", None, "Give a value, or compare with “is empty”."),
        ("title", "contains", "", "Give a value, or compare with “is empty”."),
        ("title", "in", ["a", ""], "Give a value, or compare with “is empty”."),
        ("project", "is", "", "Give a value, or compare with “is empty”."),
        ("title", "is", True, "“True” is no value of this field."),
        ("title", "is", {"a": 1}, "“{'a': 1}” is no value of this field."),
        ("title", "in", [["a"]], "“['a']” is no value of this field."),
        ("title", "contains", "a\0b", "“a\0b” is no value of this field."),
        ("serial_number", "is", True, "“True” is no value of this field."),
        ("serial_number", "is", 1.5, "“1.5” is no value of this field."),
        ("serial_number", "is", float("inf"), "“inf” is no value of this field."),
        ("serial_number", "is", "many", "“many” value must be an integer."),
        ("weight", "at_least", "nan", "“nan” is no value of this field."),
        ("weight", "at_least", "inf", "“inf” is no value of this field."),
        ("weight", "at_least", "light", "“light” value must be a float."),
        ("cost", "at_least", "NaN", "“NaN” value must be a decimal number."),
        ("cost", "at_least", "-Infinity", "“-Infinity” value must be a decimal number."),
        ("cost", "at_least", "sNaN", "“sNaN” value must be a decimal number."),
        ("cost", "is", "dear", "“dear” value must be a decimal number."),
        ("pieces", "is", 0, "Ensure this value is greater than or equal to 1."),
        ("model_number", "is", "123456789", "Ensure this value has at most 8 characters"),
        ("leased", "is", "perhaps", "“perhaps” value must be either True or False."),
        ("insured", "is", 2, "“2” value must be either True, False, or None."),
        ("bought_on", "is", "soon", "“soon” value has an invalid date format."),
        ("bought_on", "at_least", "2026-02-30", "it is an invalid date"),
        ("needed_at", "at_least", "soon", "“soon” value has an invalid format."),
        ("effort", "at_least", "long", "“long” value has an invalid format."),
        ("tag", "is", "1234", "“1234” is not a valid UUID."),
        ("address", "is", "here", "Enter a valid IPv4 or IPv6 address."),
        ("sort", "is", "Furniture", "“Furniture” is not among the choices: 1, 2."),
        ("sort", "in", [1, 3], "“3” is not among the choices: 1, 2."),
        ("sort", "is_not", "3", "“3” is not among the choices: 1, 2."),
        (MODEL, "is", "desk.Tickets", "Choose one of "),
        (MODEL, "in", [["desk.Ticket"]], "Choose one of "),
    ],
)
def test_a_value_that_the_field_cannot_have(
    path: str, operator: str, value: Any, message: str
) -> None:
    found = refused_row(row(path, operator, value))
    assert list(found) == ["value"]
    assert message in found["value"][0]


def test_a_choice_is_compared_with_the_choices_in_equality_only() -> None:
    assert refused_row(row("sort", "is", 3))
    assert clean_row(row("sort", "at_least", 3))["value"] == 3


def test_a_validator_of_the_field_is_asked_with_an_instant(monkeypatch: pytest.MonkeyPatch) -> None:
    field = AssetTicket._meta.get_field("needed_at")
    earliest = MinValueValidator(datetime(2026, 1, 1, tzinfo=UTC))
    monkeypatch.setattr(field, "_validators", [earliest])
    monkeypatch.delitem(field.__dict__, "validators", raising=False)
    try:
        assert "Ensure this value" in refused_row(row("needed_at", "is", "2025-01-01"))["value"][0]
        assert clean_row(row("needed_at", "is", "2026-01-02"))
    finally:
        field.__dict__.pop("validators", None)


def test_every_row_that_is_wrong_is_told_with_its_number() -> None:
    assert refused(row("title", "is", "a"), row("zzz"), row("leased", "in", [1])) == [
        "Condition 2: No ticket has a field “zzz”.",
        "Condition 3: This field can be compared with: is, is_not.",
    ]


# Choices of two models


def test_a_choice_of_any_model_that_has_the_field_will_do(only: Any) -> None:
    only(Ticket, UUIDTicket)
    assert clean_row(row("status", "is", "triage"))["value"] == "triage", "a UUIDTicket may be so"
    only(Ticket)
    assert refused_row(row("status", "is", "triage"))["value"] == [
        "“triage” is not among the choices: open, working, pending, resolved, closed."
    ]


def test_a_value_is_typed_as_the_first_model_that_takes_it(
    only: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    only(ExtendedTicket, Ticket)
    # Two models whose fields of one name differ: "state" is a number here, and a text there.
    monkeypatch.setattr(
        asked,
        "_asked",
        {
            ExtendedTicket: {"state": ExtendedTicket._meta.get_field("state")},
            Ticket: {"state": Ticket._meta.get_field("title")},
        }.__getitem__,
    )
    assert reread(row("state", "is", "3"))({"state": 3})
    assert reread(row("state", "is", "new"))({"state": "new"})


# Rows that a field points to


@pytest.mark.django_db
def test_a_row_by_its_key_or_by_a_name_that_only_it_has() -> None:
    project = Project.objects.create(key="OPS")
    expected = row("project", "is", str(project.pk)) | {"label": "OPS"}
    expected["value"] = project.pk
    for given in (project.pk, str(project.pk), "OPS", "ops", " OPS "):
        assert clean_row(row("project", "is", given)) == expected


@pytest.mark.django_db
def test_several_rows() -> None:
    one, two = Project.objects.create(key="OPS"), Project.objects.create(key="NET")
    assert clean_row(row("project", "in", ["NET", one.pk])) == {
        "field": "project",
        "operator": "in",
        "value": [two.pk, one.pk],
        "label": "NET, OPS",
    }


@pytest.mark.django_db
def test_a_row_with_a_uuid_for_its_key() -> None:
    site = Site.objects.create(name="Harbour", code="hbr", password="secret")
    for given in (str(site.pk), site.pk.hex, "harbour", "HBR"):
        found = clean_row(row("site", "is", given))
        assert (found["value"], found["label"]) == (str(site.pk), "Site Harbour")


@pytest.mark.django_db
def test_a_row_that_is_pointed_to_by_another_field_than_its_key() -> None:
    Country.objects.create(code="CA")
    assert clean_row(row("country", "is", "ca")) == row("country", "is", "CA")
    assert reread(row("country", "is", "CA"))(FactsOf(AssetTicket(country_id="CA")))


@pytest.mark.django_db
@pytest.mark.parametrize("given", ["99", 99, "Nowhere", -1, 10**30, "x" * 500, "x" * 60_000, 1.5])
def test_a_row_that_does_not_exist(given: Any) -> None:
    Project.objects.create(key="OPS")
    message = f"There is no project “{str(given)[:80]}”; give its key, or a name that only it has."
    assert refused_row(row("project", "is", given)) == {"value": [message]}


@pytest.mark.django_db
@pytest.mark.parametrize("given", [True, {"key": "OPS"}, "O\0"])
def test_what_cannot_name_a_row(given: Any) -> None:
    Project.objects.create(pk=1, key="OPS")
    assert refused_row(row("project", "is", given)) == {
        "value": [f"“{given}” is no value of this field."]
    }


@pytest.mark.django_db
def test_a_name_that_two_rows_have() -> None:
    Project.objects.create(key="OPS")
    Project.objects.create(key="ops")
    (message,) = refused_row(row("project", "is", "Ops"))["value"]
    assert message == "There is no project “Ops”; give its key, or a name that only it has."


@pytest.mark.django_db
def test_a_name_in_one_column_and_in_another_column_of_another_row_is_ambiguous() -> None:
    Site.objects.create(name="Harbour", code="north")
    Site.objects.create(name="North", code="n")
    assert refused_row(row("site", "is", "north"))["value"]


@pytest.mark.django_db
def test_a_row_is_never_found_by_a_password() -> None:
    Site.objects.create(name="Harbour", password="secret")
    Person.objects.create(username="ada", password="secret")
    assert refused_row(row("site", "is", "secret"))["value"]
    assert refused_row(row("assignee", "is", "secret"))["value"]


# Contradictions


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("title", "is", "a"), row("title", "is", "b")], "“title” cannot have two values."),
        (
            [row("title", "in", ["a", "b"]), row("title", "in", ["c"])],
            "“title” cannot have two values.",
        ),
        ([row("title", "is", "a"), row("title", "is_not", "a")], "“title” cannot have two values."),
        (
            [row("title", "in", ["a", "b"]), row("title", "not_in", ["b", "a"])],
            "“title” cannot have two values.",
        ),
        ([row("title", "is", "a"), row("title", "empty")], "“title” cannot have two values."),
        (
            [row("title", "is", "printer"), row("title", "contains", "x")],
            "“title” cannot have two values.",
        ),
        (
            [row("title", "is", "printer"), row("title", "starts_with", "rint")],
            "“title” cannot have two values.",
        ),
        (
            [row("serial_number", "is", 3), row("serial_number", "at_least", 4)],
            "“serial_number” cannot have two values.",
        ),
        (
            [row("leased", "is", True), row("leased", "is", "no")],
            "“leased” cannot have two values.",
        ),
        (
            [row("pieces", "at_least", 5), row("pieces", "at_most", 4)],
            "“pieces” cannot be both that large and that small.",
        ),
        (
            [
                row("cost", "at_least", "9.5"),
                row("cost", "at_most", "100"),
                row("cost", "at_least", 10),
                row("cost", "at_most", "9.99"),
            ],
            "“cost” cannot be both that large and that small.",
        ),
        (
            [
                row("needed_at", "at_least", "2026-03-02T12:00:00+00:00"),
                row("needed_at", "at_most", "2026-03-02T12:30:00+01:00"),
            ],
            "“needed_at” cannot be both that large and that small.",
        ),
        (
            [row("effort", "at_least", "1 00:00:00"), row("effort", "at_most", "23:00:00")],
            "“effort” cannot be both that large and that small.",
        ),
        (
            [row("project", "empty"), row("project", "not_empty")],
            "“project” cannot be empty and not empty.",
        ),
        ([row("notes", "empty"), row("notes", "contains", "a")], "“notes” cannot be empty and not"),
        (
            [row("notes", "empty"), row("notes", "starts_with", "a")],
            "“notes” cannot be empty and not empty.",
        ),
        ([row("cost", "empty"), row("cost", "at_least", 1)], "“cost” cannot be empty and not"),
        (
            [row("cost", "empty"), row("cost", "at_most", 1)],
            "“cost” cannot be empty and not empty.",
        ),
        (
            [row("title", "starts_with", "re:"), row("title", "starts_with", "fwd:")],
            "“title” cannot start in two ways.",
        ),
        (
            [row(MODEL, "is", "desk.Ticket"), row("leased", "is", True)],
            "no kind of ticket has all of leased.",
        ),
        (
            [row(MODEL, "is_not", "assets.AssetTicket"), row("leased", "is", True)],
            "no kind of ticket has all of leased.",
        ),
        (
            [row("state", "is", 1), row("leased", "is", True)],
            "no kind of ticket has all of leased, state.",
        ),
        (
            [row(MODEL, "is", "desk.Ticket"), row(MODEL, "is", "assets.AssetTicket")],
            "no kind of ticket is left.",
        ),
    ],
)
def test_conditions_that_can_never_match(rows: list[Any], message: str) -> None:
    (found,) = refused(*rows)
    assert found.startswith("No ticket can match: ")
    assert message in found


def test_a_kind_of_ticket_that_no_longer_is_left() -> None:
    everything = [model._meta.label for model in registry.tickets]
    assert refused(row(MODEL, "not_in", everything)) == [
        "No ticket can match: no kind of ticket is left."
    ]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row("title", "is", "a"), row("title", "is", "a")],
        [row("title", "in", ["a", "b"]), row("title", "is_not", "a")],
        [row("title", "in", ["printer", "b"]), row("title", "contains", "RINT")],
        [row("title", "is", "printer"), row("title", "starts_with", "P")],
        [row("title", "is", "a"), row("title", "not_empty")],
        [row("title", "starts_with", "re:"), row("title", "starts_with", "Re: p")],
        [row("title", "empty"), row("title", "is_not", "a"), row("title", "not_in", ["b"])],
        [row("title", "contains", "a"), row("title", "contains", "b")],
        [row("pieces", "at_least", 5), row("pieces", "at_most", 5)],
        [row("pieces", "is", 5), row("pieces", "at_least", 5), row("pieces", "at_most", "5")],
        [
            row("needed_at", "is", "2026-03-02T12:00:00+00:00"),
            row("needed_at", "is", "2026-03-02T13:00:00+01:00"),
        ],
        [row("cost", "is", "1.50"), row("cost", "is", "1.5")],
        [row("leased", "is", True), row("leased", "is_not", False)],
        [row(MODEL, "in", ["desk.Ticket", "assets.AssetTicket"]), row("leased", "is", True)],
        [row("project", "not_empty"), row("department", "empty")],
    ],
)
def test_conditions_that_can_match(rows: list[Any]) -> None:
    assert len(clean(rows)) == len(rows)


# Stored and read back


@pytest.mark.parametrize(
    ("path", "given", "stored", "typed"),
    [
        ("title", "Printer", "Printer", "Printer"),
        ("title", 404, "404", "404"),
        ("notes", "a", "a", "a"),
        ("sort", "Software", 2, 2),
        ("sort", "hardware ", 1, 1),
        ("sort", "2", 2, 2),
        ("priority", "URGENT", "urgent", "urgent"),
        ("priority", "Urgent", "urgent", "urgent"),
        ("serial_number", "12", 12, 12),
        ("serial_number", 12.0, 12, 12),
        ("weight", "1.5", 1.5, 1.5),
        ("cost", "1.50", "1.50", Decimal("1.5")),
        ("cost", 3, "3", Decimal(3)),
        ("leased", "yes", True, True),
        ("leased", "No", False, False),
        ("leased", False, False, False),
        ("leased", 1, True, True),
        ("insured", "true", True, True),
        ("bought_on", "2026-03-02", "2026-03-02", date(2026, 3, 2)),
        ("bought_on", date(2026, 3, 2), "2026-03-02", date(2026, 3, 2)),
        (
            "needed_at",
            "2026-03-02T09:00:00-05:00",
            "2026-03-02T09:00:00-05:00",
            datetime(2026, 3, 2, 9, tzinfo=NEW_YORK),
        ),
        (
            "needed_at",
            "2026-03-02",
            "2026-03-02T00:00:00+00:00",
            datetime(2026, 3, 2, tzinfo=UTC),
        ),
        ("effort", "1 02:03:04.000005", "1 day, 2:03:04.000005", timedelta(1, 7384, 5)),
        ("effort", "PT4H", "4:00:00", timedelta(hours=4)),
        ("effort", "-1 00:00:30", "-1 day, 0:00:30", timedelta(days=-1, seconds=30)),
        ("tag", UUID(int=7).hex, str(UUID(int=7)), UUID(int=7)),
        ("address", "::FFFF:192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.1"),
        (MODEL, "desk.Ticket", "desk.Ticket", "desk.Ticket"),
    ],
)
def test_a_value_is_stored_as_json_and_read_back_typed(
    path: str, given: Any, stored: Any, typed: Any
) -> None:
    cleaned = clean_row(row(path, "is", given))
    assert cleaned["value"] == stored
    assert type(cleaned["value"]) is type(stored)
    assert clean_row(cleaned) == cleaned, "written in one way only"
    condition = read(json.loads(json.dumps([cleaned])))
    assert condition({path: typed})
    assert not condition({path: None})


def test_a_list_is_stored_as_a_list_also_where_one_value_is_given() -> None:
    assert clean_row(row("bought_on", "in", ["2026-03-02", date(2026, 3, 3)]))["value"] == [
        "2026-03-02",
        "2026-03-03",
    ]
    assert clean_row(row("title", "in", "a"))["value"] == ["a"]
    assert clean_row(row("title", "is", ["a"]))["value"] == "a"
    condition = reread(row("bought_on", "not_in", ["2026-03-02"]))
    assert condition({"bought_on": date(2026, 3, 3)})
    assert not condition({"bought_on": date(2026, 3, 2)})


def test_an_operator_without_a_value_keeps_none() -> None:
    assert clean_row(row("title", "empty", "a")) == {"field": "title", "operator": "empty"}
    assert reread(row("title", "empty"))({"title": ""})


def test_what_people_call_it_is_kept_beside_the_value() -> None:
    assert clean_row(row("sort", "in", [1, "software"]))["label"] == "Hardware, Software"
    assert "label" not in clean_row(row("title", "is", "a"))
    assert "label" not in clean_row(row("title", "is", "a") | {"label": "something else"})


def test_no_rows_are_every_ticket() -> None:
    assert clean([]) == []
    assert read([]) is EVERY_TICKET


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operator", "value", "names"),
    [
        ("is", 2, {"both"}),
        ("is_not", 2, {"dear", "none"}),
        ("at_least", 2, {"both", "dear"}),
        ("at_most", 2, {"both"}),
        ("empty", None, {"none"}),
        ("not_empty", None, {"both", "dear"}),
    ],
)
def test_conditions_read_hold_of_tickets(operator: str, value: Any, names: set[str]) -> None:
    for name, pieces in (("both", 2), ("dear", 9), ("none", None)):
        AssetTicket.objects.create(notes=name, pieces=pieces)
    condition = reread(row("pieces", operator, value))
    found = {ticket.notes for ticket in AssetTicket.objects.all() if condition(FactsOf(ticket))}
    assert found == names


def test_a_field_that_is_gone_matches_nothing_and_breaks_nothing() -> None:
    condition = read([row("colour", "is", "red"), row("colour", "in", ["red"])])
    assert not condition(FactsOf(Ticket()))


@pytest.mark.parametrize(
    ("rows", "error"),
    [
        ([{"field": "title"}], KeyError),
        ([row("title", "like", "a")], ValueError),
        ([{"field": "title", "operator": "is"}], KeyError),
        ([row("serial_number", "is", "many")], ValidationError),
        (["title"], TypeError),
    ],
)
def test_what_was_written_past_the_validation_is_an_error(rows: Any, error: Any) -> None:
    with pytest.raises(error):
        read(rows)


# The facts of a ticket


@pytest.mark.django_db
def test_a_key_one_step_across_is_compared_as_a_key() -> None:
    ada = Person.objects.create(username="ada")
    site = Site.objects.create(name="Harbour", manager=ada)
    condition = reread(row("site__manager", "is", "ada"))
    assert condition(FactsOf(AssetTicket(site=site)))
    assert not condition(FactsOf(AssetTicket(site=Site(manager=None))))
    assert not condition(FactsOf(AssetTicket()))


@pytest.mark.django_db
def test_a_key_that_points_to_no_row_has_nothing_in_its_fields() -> None:
    lost = AssetTicket(archived_site_id=UUID(int=5))
    assert FactsOf(lost)["archived_site__name"] is None
    assert reread(row("archived_site__name", "empty"))(FactsOf(lost))
    Policy.objects.create(
        name="Archive",
        conditions=[row("archived_site__name", "is", "Harbour")],
        goals={"*": {"response": "1h"}},
    )
    lost.save()
    assert lost.sla.clock("response").terms.name == "default"


@pytest.mark.django_db
def test_facts_are_typed_as_the_database_would_type_them() -> None:
    facts = FactsOf(AssetTicket(serial_number="3", cost="1.5", needed_at="2026-03-02T09:00Z"))
    assert facts["serial_number"] == 3
    assert facts["cost"] == Decimal("1.5")
    assert facts["needed_at"] == datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert FactsOf(AssetTicket(serial_number="many"))["serial_number"] == "many"


@pytest.mark.django_db
def test_a_ticket_knows_which_model_it_is_of() -> None:
    condition = reread(row(MODEL, "is", "desk.Ticket"))
    assert condition(FactsOf(Ticket()))
    assert not condition(FactsOf(UUIDTicket()))


@pytest.mark.django_db
def test_hosts_of_several_kinds_in_one_policy_list() -> None:
    harbour = Site.objects.create(name="Harbour", vip=True)
    vip = {"field": "site__vip", "operator": "is", "value": True}
    for name, rows in (
        ("Sites", [vip]),
        ("Vendor", [row("urgency", "at_most", 2)]),
        ("Department", [row("department__name", "starts_with", "it")]),
    ):
        Policy.objects.create(name=name, conditions=rows, goals={"*": {"response": "1h"}})
    it = Department.objects.create(name="IT desk")
    for ticket, name in (
        (AssetTicket.objects.create(site=harbour), "Sites"),
        (AssetTicket.objects.create(), "default"),
        (ExtendedTicket.objects.create(urgency=2), "Vendor"),
        (ExtendedTicket.objects.create(urgency=3), "default"),
        (Ticket.objects.create(department=it), "Department"),
        (UUIDTicket.objects.create(), "default"),
    ):
        assert ticket.sla.clock("response").terms.name == name


# In words


@pytest.mark.django_db
def test_a_row_in_words() -> None:
    Project.objects.create(key="OPS")
    for given, words in (
        (row("project", "is", "OPS"), "Project is OPS"),
        (row("project__key", "in", ["OPS", "NET"]), "Project → key is one of OPS, NET"),
        (row("sort", "is_not", 1), "Sort is not Hardware"),
        (row("needed_at", "empty"), "Needed at is empty"),
        (row("leased", "is", "true"), "Leased is yes"),
        (row("leased", "is_not", False), "Leased is not no"),
        (row(MODEL, "is", "desk.Ticket"), "Kind of ticket is desk.Ticket"),
    ):
        assert in_words(clean_row(given)) == words
    assert in_words(row("colour", "is", "red")) == "colour is red", "a field that is gone"


def test_words_are_in_the_language_of_the_reader() -> None:
    with translation.override("xx"):
        assert path_in_words("site__opened_on") == "Site → opened on"


def test_every_operator_has_a_label() -> None:
    assert [name.value for name in OperatorName] == [operator.value for operator in Operator]
