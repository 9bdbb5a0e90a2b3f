"""Messages that keep their words and values apart."""

import pickle

import pytest

from django_sla.core.calendar import Calendar
from django_sla.core.errors import CalendarError, CoreError, Phrase


def test_a_message_says_where_and_what() -> None:
    error = CoreError("%(got)s is not a date", where="holidays", got="'x'")
    assert str(error) == "holidays: 'x' is not a date"
    assert (error.where, error.phrase.words) == ("holidays", "%(got)s is not a date")
    assert repr(error) == """CoreError("holidays: 'x' is not a date")"""


def test_without_a_place_and_values() -> None:
    assert str(CoreError("100 % of it")) == "100 % of it"


def test_a_value_may_be_a_phrase() -> None:
    error = CoreError("no; %(hint)s", hint=Phrase("did you mean %(name)s?", {"name": "UTC"}))
    assert str(error) == "no; did you mean UTC?"


def test_it_comes_back_from_a_pickle_as_it_was() -> None:
    with pytest.raises(CalendarError) as caught:
        Calendar(tz="Mars")
    again = pickle.loads(pickle.dumps(caught.value))
    assert type(again) is CalendarError
    assert str(again) == str(caught.value)
    assert again.phrase == caught.value.phrase
    assert again.where == "tz"
