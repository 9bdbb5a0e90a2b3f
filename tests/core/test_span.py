"""Span: what is refused, elapsed time over clock changes, & and -."""

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.core.span import Span

TORONTO = ZoneInfo("America/Toronto")


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 6, 1, hour, minute, tzinfo=UTC)


NAIVE = at(9).replace(tzinfo=None)


def span(start: int, end: int) -> Span:
    return Span(at(start), at(end))


def test_normalises_to_utc():
    local = Span(
        datetime(2026, 6, 1, 9, tzinfo=TORONTO),
        datetime(2026, 6, 1, 16, tzinfo=timezone(timedelta(hours=2))),
    )
    assert local == span(13, 14)
    assert hash(local) == hash(span(13, 14))
    assert (local.start.tzinfo, local.end.tzinfo) == (UTC, UTC)


@pytest.mark.parametrize(
    ("month", "day", "elapsed"),
    [(3, 8, 23), (6, 1, 24), (11, 1, 25)],
    ids=["an hour is skipped", "an ordinary day", "an hour is repeated"],
)
def test_duration_is_elapsed_time(month, day, elapsed):
    start = datetime(2026, month, day, tzinfo=TORONTO)
    end = datetime(2026, month, day + 1, tzinfo=TORONTO)
    assert end - start == timedelta(hours=24)  # the trap: the same zone on both sides
    assert Span(start, end).duration == timedelta(hours=elapsed)


def test_the_repeated_hour_is_a_span():
    first = datetime(2026, 11, 1, 1, 30, tzinfo=TORONTO)
    assert Span(first, first.replace(fold=1)).duration == timedelta(hours=1)


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (NAIVE, at(10), "start: .* has no time zone"),
        (at(9), NAIVE, "end: .* has no time zone"),
        ("2026-06-01", at(10), "start: expected an aware datetime"),
        (at(9).date(), at(10), "start: expected an aware datetime"),
        (at(9), None, "end: expected an aware datetime"),
        (at(9), at(9), "end: .* is not after the start"),
        (at(9), at(8), "end: .* is not after the start"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=1))), at(9), "start: .* outside"),
        (at(9), datetime.max.replace(tzinfo=timezone(timedelta(hours=-1))), "end: .* outside"),
    ],
)
def test_refuses(start, end, message):
    with pytest.raises(ValueError, match=message):
        Span(start, end)


@pytest.mark.parametrize(
    ("other", "common", "left"),
    [
        (span(6, 8), None, [(9, 17)]),
        (span(6, 9), None, [(9, 17)]),
        (span(6, 10), (9, 10), [(10, 17)]),
        (span(9, 10), (9, 10), [(10, 17)]),
        (span(11, 12), (11, 12), [(9, 11), (12, 17)]),
        (span(16, 17), (16, 17), [(9, 16)]),
        (span(16, 20), (16, 17), [(9, 16)]),
        (span(17, 20), None, [(9, 17)]),
        (span(18, 20), None, [(9, 17)]),
        (span(9, 17), (9, 17), []),
        (span(8, 18), (9, 17), []),
    ],
)
def test_intersection_and_difference(other, common, left):
    day = span(9, 17)
    assert day & other == other & day == (common and span(*common))
    assert day - other == tuple(span(*part) for part in left)


def test_only_with_other_spans():
    for operation in (lambda: span(9, 10) & 1, lambda: span(9, 10) - timedelta(1)):
        with pytest.raises(TypeError):
            operation()


def test_is_frozen_and_travels():
    nine_to_ten = span(9, 10)
    with pytest.raises(AttributeError):
        nine_to_ten.start = at(8)
    assert pickle.loads(pickle.dumps(nine_to_ten)) == copy.deepcopy(nine_to_ten) == nine_to_ten


instants = st.datetimes(timezones=st.sampled_from([UTC, TORONTO, ZoneInfo("Asia/Kathmandu")]))
spans = (
    st.tuples(instants, instants)
    .filter(lambda pair: pair[0].astimezone(UTC) != pair[1].astimezone(UTC))
    .map(lambda pair: Span(*sorted(pair, key=lambda instant: instant.astimezone(UTC))))
)


@settings(deadline=None)
@given(spans, spans)
def test_common_and_left_make_up_the_whole(one, other):
    common = one & other
    parts = [*(one - other), *([common] if common else [])]
    assert sum((part.duration for part in parts), timedelta(0)) == one.duration
    assert all(part & other is None for part in one - other)
