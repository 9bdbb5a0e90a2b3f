"""Conditions: what each operator holds of, in words, by field, and why they do not hold."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from django_sla.core.condition import (
    EVERY_TICKET,
    MISSING,
    Comparison,
    Condition,
    Operator,
    compare,
    every,
    where,
)
from django_sla.core.errors import PolicyError

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)
KEY = UUID(int=1)


def holds(operator: str, wanted: Any, value: Any) -> bool:
    return compare("field", Operator(operator), wanted)({"field": value})


# Operators


@pytest.mark.parametrize(
    ("operator", "wanted", "value"),
    [
        ("is", "a", "a"),
        ("is", 3, 3),
        ("is", True, True),
        ("is", None, None),
        ("is", KEY, UUID(int=1)),
        ("is", Decimal("1.0"), Decimal("1.00")),
        ("is", TEN, TEN),
        ("is_not", "a", "b"),
        ("is_not", "a", None),
        ("is_not", "a", 1),
        ("in", ["a", "b"], "b"),
        ("in", {"a"}, "a"),
        ("in", [None], None),
        ("in", [[1], "a"], "a"),
        ("in", [[1]], [1]),
        ("in", [([],)], ([],)),
        ("not_in", ["a", "b"], "c"),
        ("not_in", ["a"], None),
        ("not_in", ["a"], ["a"]),
        ("not_in", [], "a"),
        ("contains", "OUT", "An outage"),
        ("contains", "straße", "In der STRASSE"),
        ("starts_with", "re:", "RE: printer"),
        ("at_least", 3, 3),
        ("at_least", 3, 4.5),
        ("at_least", TEN, TEN),
        ("at_least", "b", "c"),
        ("at_most", 3, 3),
        ("at_most", Decimal("2.5"), 2),
        ("at_most", date(2026, 3, 2), date(2026, 3, 1)),
        ("empty", None, None),
        ("empty", None, ""),
        ("not_empty", None, "a"),
        ("not_empty", None, 0),
        ("not_empty", None, False),
        ("not_empty", None, " "),
    ],
)
def test_it_holds(operator: str, wanted: Any, value: Any) -> None:
    assert holds(operator, wanted, value)


@pytest.mark.parametrize(
    ("operator", "wanted", "value"),
    [
        ("is", "a", "A"),
        ("is", "3", 3),
        ("is", "a", None),
        ("is_not", "a", "a"),
        ("is_not", None, None),
        ("in", ["a", "b"], "c"),
        ("in", [], "a"),
        ("in", ["a"], None),
        ("in", ["a"], ["a"]),
        ("in", ["a"], ([],)),
        ("in", [[1]], "a"),
        ("not_in", ["a", "b"], "a"),
        ("not_in", [[1]], [1]),
        ("contains", "out", "An error"),
        ("contains", "1", 1),
        ("contains", "None", None),
        ("starts_with", "printer", "RE: printer"),
        ("starts_with", "1", 1),
        ("at_least", 3, 2),
        ("at_least", 3, None),
        ("at_least", 3, "4"),
        ("at_least", TEN, TEN.replace(tzinfo=None)),
        ("at_least", TEN, date(2030, 1, 1)),
        ("at_least", Decimal("NaN"), Decimal(1)),
        ("at_most", 3, 4),
        ("at_most", 3, None),
        ("at_most", "a", 1),
        ("at_most", Decimal(1), Decimal("sNaN")),
        ("empty", None, "a"),
        ("empty", None, 0),
        ("empty", None, False),
        ("not_empty", None, None),
        ("not_empty", None, ""),
    ],
)
def test_it_does_not_hold(operator: str, wanted: Any, value: Any) -> None:
    assert not holds(operator, wanted, value)


@pytest.mark.parametrize("operator", Operator)
def test_no_comparison_holds_of_a_field_that_is_missing(operator: Operator) -> None:
    for wanted in ("a", None, 1):
        value = [wanted] if operator.takes_list else wanted
        assert not holds(operator, value, MISSING)


def test_a_missing_field_says_so_and_is_false() -> None:
    assert repr(MISSING) == "no such field"
    assert not MISSING


@pytest.mark.parametrize("operator", [Operator.IN, Operator.NOT_IN])
@pytest.mark.parametrize("wanted", ["abc", 3, None])
def test_a_list_is_asked_for(operator: Operator, wanted: Any) -> None:
    with pytest.raises(PolicyError) as caught:
        compare("project__key", operator, wanted)
    assert str(caught.value) == f"project__key: expected a list of values, got {wanted!r}"


def test_what_cannot_be_said_cannot_be_compared_with() -> None:
    with pytest.raises(PolicyError) as caught:
        compare("project__key", Operator.IS, 10**5_000)
    assert str(caught.value) == "project__key: a value of type int cannot be compared with"


def test_a_list_is_taken_as_it_was() -> None:
    wanted = ["a"]
    condition = compare("field", Operator.IN, wanted)
    wanted.append("b")
    assert not condition({"field": "b"})


def test_an_iterator_is_read_once() -> None:
    condition = compare("field", Operator.IN, iter(["a", "b"]))
    assert condition({"field": "b"})
    assert condition({"field": "b"})


values = st.one_of(
    st.none(),
    st.integers(),
    st.text(max_size=3),
    st.booleans(),
    st.floats(),
    st.decimals().filter(lambda value: not value.is_snan()),  # Python itself refuses those
    st.datetimes(),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.lists(st.integers(), max_size=2),
    st.just(MISSING),
)


@given(st.sampled_from(Operator), values, values)
def test_whatever_is_compared_the_answer_is_yes_or_no(
    operator: Operator, wanted: Any, value: Any
) -> None:
    wanted = [wanted] if operator.takes_list else wanted
    assert holds(operator, wanted, value) in (True, False)


@given(values.filter(lambda value: not isinstance(value, Decimal)), st.lists(st.integers()))
def test_of_a_field_that_is_there_the_opposites_are_opposite(value: Any, wanted: list[int]) -> None:
    if value is MISSING:
        return
    assert holds("in", wanted, value) != holds("not_in", wanted, value)
    assert holds("is", 1, value) != holds("is_not", 1, value)
    assert holds("empty", None, value) != holds("not_empty", None, value)


# In words


@pytest.mark.parametrize(
    ("operator", "wanted", "text"),
    [
        (Operator.IS, "OPS", "project__key is 'OPS'"),
        (Operator.IS_NOT, 3, "project__key is not 3"),
        (Operator.IN, ["OPS", "NET"], "project__key is one of 'OPS', 'NET'"),
        (Operator.NOT_IN, ["OPS"], "project__key is none of 'OPS'"),
        (Operator.CONTAINS, "O", "project__key contains 'O'"),
        (Operator.STARTS_WITH, "O", "project__key starts with 'O'"),
        (Operator.AT_LEAST, 3, "project__key is at least 3"),
        (Operator.AT_MOST, 3, "project__key is at most 3"),
        (Operator.EMPTY, None, "project__key is empty"),
        (Operator.NOT_EMPTY, None, "project__key is not empty"),
    ],
)
def test_it_says_what_it_is(operator: Operator, wanted: Any, text: str) -> None:
    condition = compare("project__key", operator, wanted)
    assert condition.text == text
    assert condition.fields == {"project__key"}


def test_another_text_may_be_given() -> None:
    assert compare("project", Operator.IS, 3, text="Project is OPS").text == "Project is OPS"


def test_which_operators_take_what() -> None:
    assert [o for o in Operator if o.takes_list] == [Operator.IN, Operator.NOT_IN]
    assert [o for o in Operator if not o.takes_value] == [Operator.EMPTY, Operator.NOT_EMPTY]


# Lookups


def test_where_asks_for_equality_or_membership() -> None:
    condition = where(project__key="OPS", kind__in=["a", "b"])
    assert condition({"project__key": "OPS", "kind": "b"})
    assert not condition({"project__key": "OPS", "kind": "c"})
    assert not condition({"project__key": "NET", "kind": "a"})
    assert condition.fields == {"project__key", "kind"}
    assert condition.text == "(project__key is 'OPS' and kind is one of 'a', 'b')"


def test_where_names_the_lookup_that_is_wrong() -> None:
    with pytest.raises(PolicyError, match="kind__in: expected a list of values, got 'abc'"):
        where(kind__in="abc")


def test_a_field_that_is_called_in_is_a_field() -> None:
    assert where(**{"in": 3})({"in": 3})
    assert where(shop__in=[3]).fields == {"shop"}
    assert where(project__shop__in=[3]).fields == {"project__shop"}


def test_where_without_lookups_is_every_ticket() -> None:
    assert where() is EVERY_TICKET
    assert where()({})


# Combined

A, B = where(a=1), where(b=1)


@pytest.mark.parametrize("a", [0, 1])
@pytest.mark.parametrize("b", [0, 1])
def test_combined_they_hold_as_logic_has_it(a: int, b: int) -> None:
    facts = {"a": a, "b": b}
    assert (A & B)(facts) == bool(a and b)
    assert (A | B)(facts) == bool(a or b)
    assert (~A)(facts) == (not a)
    assert every([A, B])(facts) == bool(a and b)


def test_combined_they_read_all_fields_and_say_all_words() -> None:
    combined = (A | ~B) & where(c=2)
    assert combined.fields == {"a", "b", "c"}
    assert combined.text == "((a is 1 or not b is 1) and c is 2)"


def test_every_of_none_is_every_ticket_and_of_one_is_that_one() -> None:
    assert every([]) is EVERY_TICKET
    assert every([A]) is A
    assert every(iter([A, B]))({"a": 1, "b": 1})


def test_the_second_is_not_asked_where_the_first_decides() -> None:
    def never(facts: object) -> bool:
        raise AssertionError("asked in vain")

    unasked = Condition("never", frozenset(), never)
    assert not (A & unasked)({"a": 0})
    assert (A | unasked)({"a": 1})
    assert not every([A, unasked])({"a": 0})


# Why not


def test_failing_names_the_parts_that_do_not_hold() -> None:
    c = where(c=1)
    for combined in (A & B & c, every([A, B, c]), A & (B & c), where(a=1, b=1) & c):
        assert combined.failing({"a": 1, "b": 0, "c": 0}) == (B, c)
        assert combined.failing({"a": 1, "b": 1, "c": 1}) == ()


def test_what_is_no_and_fails_as_a_whole() -> None:
    assert A.failing({"a": 0}) == (A,)
    either = A | B
    assert either.failing({"a": 0, "b": 0}) == (either,)
    neither = ~(A & B)
    assert neither.failing({"a": 1, "b": 1}) == (neither,)
    assert (either & ~A).failing({"a": 1, "b": 0})[0].text == "not a is 1"


leaves = st.sampled_from([A, B, where(c=1), EVERY_TICKET])
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda one, other: one & other, inner, inner),
        st.builds(lambda one, other: one | other, inner, inner),
        st.builds(lambda one: ~one, inner),
        st.lists(inner, max_size=3).map(every),
    ),
    max_leaves=8,
)


@given(conditions, st.fixed_dictionaries({name: st.integers(0, 1) for name in "abc"}))
def test_something_fails_exactly_where_it_does_not_hold(
    condition: Condition, facts: dict[str, int]
) -> None:
    failing = condition.failing(facts)
    assert bool(failing) != condition(facts)
    assert not any(part(facts) for part in failing)


# In other words


def test_a_comparison_says_what_it_compares() -> None:
    found = compare("kind", Operator.IN, ["a", "b"], label="A, B").comparison
    assert found == Comparison(path="kind", operator=Operator.IN, wanted=("a", "b"), label="A, B")
    assert where(kind="a").comparison == Comparison(path="kind", operator=Operator.IS, wanted="a")


def test_what_has_words_of_its_own_or_is_combined_is_no_comparison() -> None:
    a, b = where(kind="a"), where(title="b")
    named = compare("kind", Operator.IS, "a", text="it is of the kind a")
    for condition in (named, a & b, a | b, ~a, EVERY_TICKET):
        assert condition.comparison is None
    assert [part.comparison.path for part in (a & b).parts] == ["kind", "title"]
