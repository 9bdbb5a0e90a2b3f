"""What must hold for every calendar, zone and instant."""

import json
import os
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.errors import CalendarError, NoOpenTime
from tests.core import oracle

ZERO, TICK = timedelta(0), timedelta(microseconds=1)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)

pytestmark = pytest.mark.thorough

law = settings(
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "40")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

YEARS = {
    "UTC": 2026,
    "America/Toronto": 2026,
    "Europe/Dublin": 2026,  # winter time is what counts as summer time
    "Europe/London": 1947,  # double summer time
    "Asia/Kathmandu": 1986,  # to 5:45
    "Asia/Tehran": 2021,  # at midnight
    "Asia/Manila": 1978,
    "Africa/Casablanca": 2025,  # back for Ramadan, twice within 30 days
    "Africa/Cairo": 2010,  # four changes a year
    "America/Sao_Paulo": 2018,  # at midnight
    "America/St_Johns": 2010,  # at 00:01
    "America/Caracas": 2016,  # for good, by half an hour
    "America/Havana": 2026,
    "Antarctica/Troll": 2026,  # by two hours
    "Australia/Lord_Howe": 2026,  # by half an hour
    "Pacific/Apia": 2011,  # a day is skipped
    "Pacific/Kwajalein": 1993,  # a day is skipped
    "Pacific/Chatham": 2026,  # at 02:45
    "Europe/Amsterdam": 1937,  # offset in seconds until the summer
}
"""Zones, and a year of each in which something happens."""


@cache
def changes(tz: str) -> list[datetime]:
    year = YEARS[tz]
    return oracle.changes(
        tz, datetime(year, 1, 1, tzinfo=UTC), datetime(year + 1, 1, 1, tzinfo=UTC)
    )


def noon(tz: str) -> datetime:
    return datetime(YEARS[tz], 6, 15, 12, tzinfo=UTC)


# Times are minutes since midnight; round ones are likelier to meet a change of the clocks.
minutes = st.integers(0, 96).map(lambda quarter: quarter * 15) | st.integers(0, 1440)


def text(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def days(draw: st.DrawFn, number: int, *, cyclic: bool) -> list[list[tuple[str, str]]]:
    """The spans of so many consecutive days, without overlaps, the odd ones overnight."""
    cuts = [sorted(draw(st.sets(minutes, max_size=5))) for _ in range(number)]
    written = []
    for i, times in enumerate(cuts):
        spans = [
            (text(begin), text(end)) for begin, end in zip(times[::2], times[1::2], strict=False)
        ]
        if len(times) % 2 and times[-1] < 1440:
            following = cuts[(i + 1) % number] if cyclic else []
            latest = min([times[-1] - 1, *following[:1]])
            if latest > 0:
                spans.append((text(times[-1]), text(draw(st.integers(1, latest)))))
        written.append(spans)
    return written


@st.composite
def calendars(draw: st.DrawFn, zones: list[str] | None = None) -> oracle.Written:
    """Calendars as they are written, open at least once a week."""
    tz = draw(st.sampled_from(zones or list(YEARS)))
    week = draw(days(7, cyclic=True))
    assume(any(week))
    centers = [at.astimezone(ZoneInfo(tz)).date() for at in (*changes(tz), noon(tz))]
    near = st.builds(
        lambda center, days: center + timedelta(days), st.sampled_from(centers), st.integers(-4, 4)
    )
    special_dates = draw(st.lists(near, max_size=3, unique=True))
    special_spans = draw(days(len(special_dates), cyclic=False))
    return {
        "tz": tz,
        "hours": dict(zip(oracle.WEEKDAYS, week, strict=True)),
        "holidays": draw(st.lists(near, max_size=4)),
        "special_days": dict(zip(special_dates, special_spans, strict=True)),
    }


@st.composite
def instants(draw: st.DrawFn, written: oracle.Written) -> datetime:
    """In any zone; near a change of the clocks, on the edge of a span, or anywhere."""
    tz = ZoneInfo(written["tz"])
    center = draw(st.sampled_from([*changes(written["tz"]), noon(written["tz"])]))
    day = draw(st.integers(-6, 6)) * DAY
    at = draw(
        st.one_of(
            st.integers(-150, 150).map(lambda minute: center + minute * MINUTE),
            st.builds(
                lambda minute, fold: datetime.combine(
                    (center + day).astimezone(tz), time(), tz
                ).replace(hour=minute // 60 % 24, minute=minute % 60, fold=fold),
                st.sampled_from(edges(written)),
                st.integers(0, 1),
            ),
            st.timedeltas(-400 * DAY, 400 * DAY).map(lambda away: center + away),
        )
    ).astimezone(UTC)
    at += draw(st.sampled_from([ZERO, ZERO, ZERO, TICK, -TICK, MINUTE / 2]))
    return at.astimezone(draw(st.sampled_from([UTC, tz, timezone(timedelta(hours=-7))])))


def edges(written: oracle.Written) -> list[int]:
    lists = [*written["hours"].values(), *written["special_days"].values()]
    return [oracle.minutes(edge) for spans in lists for span in spans for edge in span]


positive = st.one_of(
    st.integers(1, 60 * 60).map(lambda minute: minute * MINUTE),
    st.timedeltas(TICK, 60 * HOUR),
    st.sampled_from([TICK, HOUR, 8 * HOUR]),
)
durations = positive | positive.map(lambda duration: -duration) | st.just(ZERO)
a_calendar = st.shared(calendars(), key="calendar")
an_instant = a_calendar.flatmap(instants)


@law
@given(a_calendar, an_instant, an_instant)
def test_between_agrees_with_the_definition(written, one, other):
    start, end = sorted([one, other], key=lambda at: at.astimezone(UTC))
    # Far apart it would take the oracle too long.
    end = min(end.astimezone(UTC), start.astimezone(UTC) + 2 * DAY)
    expected = oracle.between(written, start, end, step(written, start))
    assert Calendar(**written).between(start, end) == expected
    assert Calendar(**written).is_open(start) == oracle.is_open(written, start)


def step(written: oracle.Written, at: datetime) -> timedelta:
    """Minutes will do, but not where the zone is not whole minutes away from UTC."""
    offset = at.astimezone(ZoneInfo(written["tz"])).utcoffset()
    assume(offset is not None and not offset % MINUTE)
    return MINUTE


@law
@given(a_calendar, an_instant, durations.filter(lambda duration: abs(duration) <= 20 * HOUR))
def test_add_agrees_with_the_definition(written, start, duration):
    step(written, start)
    expected = oracle.add(written, start, duration, most=3 * DAY)
    due = Calendar(**written).add(start, duration)
    if expected is None:
        assert abs(due - start.astimezone(UTC)) > 3 * DAY
    else:
        assert due == expected


@law
@given(a_calendar, an_instant, durations)
def test_what_is_added_has_elapsed(written, start, duration):
    calendar = Calendar(**written)
    due = calendar.add(start, duration)
    assert calendar.between(start, due) == duration
    assert calendar.between(due, start) == -duration


@law
@given(a_calendar, an_instant, positive)
def test_add_is_the_earliest_and_backward_the_latest(written, start, duration):
    calendar = Calendar(**written)
    assert calendar.between(start, calendar.add(start, duration) - TICK) < duration
    assert calendar.between(calendar.add(start, -duration) + TICK, start) < duration


@law
@given(a_calendar, an_instant, an_instant, durations, durations)
def test_add_is_monotonic(written, one, other, shorter, longer):
    calendar = Calendar(**written)
    early, late = sorted([one.astimezone(UTC), other.astimezone(UTC)])
    shorter, longer = sorted([shorter, longer])
    assert calendar.add(early, shorter) <= calendar.add(late, shorter)
    assert calendar.add(early, shorter) <= calendar.add(early, longer)
    if shorter < longer:
        assert calendar.add(early, shorter) < calendar.add(early, longer)


@law
@given(a_calendar, an_instant, an_instant, an_instant)
def test_between_is_monotonic_additive_and_antisymmetric(written, one, two, three):
    calendar = Calendar(**written)
    a, b, c = sorted([one.astimezone(UTC), two.astimezone(UTC), three.astimezone(UTC)])
    assert ZERO <= calendar.between(a, b) <= calendar.between(a, c) <= c - a
    assert calendar.between(b, c) <= calendar.between(a, c)
    assert calendar.between(a, b) + calendar.between(b, c) == calendar.between(a, c)
    assert calendar.between(one, two) + calendar.between(two, three) == calendar.between(one, three)
    assert calendar.between(one, two) == -calendar.between(two, one)
    assert calendar.between(one, one) == ZERO


@law
@given(a_calendar, an_instant, positive, positive)
def test_adding_in_two_steps(written, start, first, second):
    calendar = Calendar(**written)
    for sign in (1, -1):
        in_two = calendar.add(calendar.add(start, sign * first), sign * second)
        assert in_two == calendar.add(start, sign * (first + second))


@law
@given(a_calendar, an_instant, durations)
def test_there_and_back(written, start, duration):
    """Perhaps not to the same instant, but with no open time in between."""
    calendar = Calendar(**written)
    back = calendar.add(calendar.add(start, duration), -duration)
    assert calendar.between(start, back) == ZERO


@law
@given(a_calendar, an_instant, positive, st.lists(st.integers(-10, 30), max_size=5))
def test_more_holidays_never_bring_a_deadline_forward(written, start, duration, days):
    calendar = Calendar(**written)
    today = start.astimezone(ZoneInfo(written["tz"])).date()
    more = [*written["holidays"], *(today + timedelta(day) for day in days)]
    stricter = Calendar(**written | {"holidays": more})
    assert stricter.add(start, duration) >= calendar.add(start, duration)
    assert stricter.add(start, -duration) <= calendar.add(start, -duration)
    bare = calendar.without_holidays()
    assert bare.add(start, duration) <= calendar.add(start, duration)
    assert bare == stricter.without_holidays()


@law
@given(an_instant, an_instant, durations, st.sampled_from(list(YEARS)))
def test_around_the_clock_is_elapsed_time(one, other, duration, tz):
    elapsed = other.astimezone(UTC) - one.astimezone(UTC)
    # A special day that changes nothing makes it walk.
    walked = Calendar(tz, special_days={date(2000, 1, 1): [("00:00", "24:00")]})
    for calendar in (ALWAYS, Calendar(tz), walked):
        assert calendar.between(one, other) == elapsed
        assert calendar.add(one, duration) == one.astimezone(UTC) + duration
        assert calendar.is_open(one)
        assert sum((span.duration for span in calendar.spans(one, other)), ZERO) == max(
            elapsed, ZERO
        )


@law
@given(a_calendar, an_instant, an_instant, durations, st.sampled_from(list(YEARS)))
def test_the_same_instant_in_another_zone(written, one, other, duration, tz):
    calendar, zone = Calendar(**written), ZoneInfo(tz)
    elsewhere = one.astimezone(zone)
    assert calendar.add(elsewhere, duration) == calendar.add(one, duration)
    assert calendar.between(elsewhere, other) == calendar.between(one, other)
    assert calendar.between(other, elsewhere) == calendar.between(other, one)
    assert calendar.spans(elsewhere, other) == calendar.spans(one, other)
    assert calendar.is_open(elsewhere) == calendar.is_open(one)


@law
@given(a_calendar, an_instant, an_instant)
def test_spans_are_what_is_open(written, start, end):
    calendar = Calendar(**written)
    start, end = start.astimezone(UTC), end.astimezone(UTC)
    spans = calendar.spans(start, end)
    assert sum((span.duration for span in spans), ZERO) == max(calendar.between(start, end), ZERO)
    for span in spans:
        assert start <= span.start < span.end <= end
        assert calendar.is_open(span.start)
        assert calendar.is_open(span.end - TICK)
        assert span.start == start or not calendar.is_open(span.start - TICK)
        assert span.end == end or not calendar.is_open(span.end)
    for before, after in pairwise(spans):
        assert before.end < after.start


@law
@given(a_calendar, an_instant, durations)
def test_what_was_written_comes_back_equal(written, start, duration):
    calendar = Calendar(**written)
    stored = json.dumps(calendar.to_dict(), sort_keys=True)
    for same in (Calendar.from_dict(json.loads(stored)), pickle.loads(pickle.dumps(calendar))):
        assert same == calendar
        assert hash(same) == hash(calendar)
        assert json.dumps(same.to_dict(), sort_keys=True) == stored
        assert same.add(start, duration) == calendar.add(start, duration)


@law
@given(
    st.dictionaries(st.dates(), st.just([("09:00", "10:00")]), min_size=1, max_size=3),
    st.datetimes(timezones=st.timezones()),
    st.timedeltas(),
)
def test_always_ends(special_days, start, duration):
    calendar = Calendar("America/Toronto", hours={}, special_days=special_days)
    try:
        due = calendar.add(start, duration)
    except NoOpenTime:
        assert abs(duration) > ZERO
    except CalendarError:
        assert not 1901 < start.year < 2200
    else:
        assert calendar.between(start, due) == duration


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.dates(),
    st.datetimes(timezones=st.none() | st.just(UTC)),
    st.times(timezones=st.none() | st.just(UTC)),
    st.timedeltas(),
    st.timezones(),
)
# Half-way right, so that what comes after the first check is met as well.
almost = st.one_of(
    st.sampled_from(["mon", "sun", "mon-fri", "UTC", "24:00", "2026-12-24", "America/Toronto"]),
    st.from_regex(r"\A[0-9]{1,2}:[0-9]{2}\Z"),
    st.sampled_from(["tz", "hours", "holidays", "special_days"]),
)
anything = st.recursive(
    scalars | almost,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.tuples(inner, inner),
        st.dictionaries(scalars | almost, inner, max_size=3),
    ),
    max_leaves=12,
)
times = st.from_regex(r"\A[0-2][0-9]:[0-5][0-9]\Z") | st.times() | scalars
spans_or_so = st.lists(st.tuples(times, times), max_size=3) | anything
hours_or_so = st.dictionaries(st.sampled_from(oracle.WEEKDAYS) | almost, spans_or_so, max_size=4)
dates_or_so = st.dictionaries(st.dates() | almost, spans_or_so, max_size=4)


def answer(ask: Callable[..., Any], *arguments: Any, **written: Any) -> Any:
    """What is answered, or None where it is refused. Nothing but a CalendarError is a refusal."""
    try:
        return ask(*arguments, **written)
    except CalendarError:
        return None


@law
@given(
    st.fixed_dictionaries(
        {
            "tz": st.just("UTC") | st.text() | anything,
            "hours": hours_or_so | anything,
            "holidays": st.lists(st.dates() | almost) | anything,
            "special_days": dates_or_so | anything,
        }
    )
)
def test_bad_writing_is_a_calendar_error(written):
    calendar = answer(Calendar, **written)
    if calendar is not None:
        assert Calendar.from_dict(json.loads(json.dumps(calendar.to_dict()))) == calendar


@law
@given(anything | st.fixed_dictionaries({"tz": st.just("UTC")}, optional={"hours": hours_or_so}))
def test_bad_tables_are_a_calendar_error(data):
    answer(Calendar.from_dict, data)


@law
@given(
    st.sampled_from([ALWAYS, Calendar("UTC", {"mon": [("09:00", "17:00")]})]), anything, anything
)
def test_bad_questions_are_a_calendar_error(calendar, one, other):
    answer(calendar.add, one, other)
    answer(calendar.between, one, other)
    answer(calendar.spans, one, other)
    answer(calendar.is_open, one)
