"""Calendars by example: every expected value is written out."""

import copy
import json
import pickle
import time as clock
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from django_sla.core.calendar import ALWAYS, Calendar
from django_sla.core.errors import CalendarError, NoOpenTime
from django_sla.core.span import Span

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
TICK = timedelta(microseconds=1)
EVERY_DAY = "mon-sun"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NINE_TO_FIVE = [("09:00", "17:00")]

OFFICE = Calendar("UTC", hours={"mon-fri": [("09:00", "12:30"), ("13:30", "17:30")]})
"""2026-06-01, which most examples are about, is a Monday."""


def utc(text: str) -> datetime:
    """Such as "2026-06-01 09:00"."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NAIVE = utc("2026-06-01 10:00").replace(tzinfo=None)


def spans(calendar: Calendar, start: str, end: str) -> list[tuple[str, str]]:
    """Open spans as text, in UTC."""
    found = calendar.spans(utc(start), utc(end))
    return [(f"{span.start:%d %H:%M}", f"{span.end:%d %H:%M}") for span in found]


class TestAdd:
    @pytest.mark.parametrize(
        ("start", "duration", "expected"),
        [
            # inside
            ("2026-06-01 10:00", HOUR, "2026-06-01 11:00"),
            ("2026-06-01 12:00", HOUR, "2026-06-01 14:00"),
            ("2026-06-01 16:30", 2 * HOUR, "2026-06-02 10:00"),
            ("2026-06-05 17:00", HOUR, "2026-06-08 09:30"),
            # outside: before, at lunch, after, at the weekend
            ("2026-06-01 03:00", HOUR, "2026-06-01 10:00"),
            ("2026-06-01 13:00", HOUR, "2026-06-01 14:30"),
            ("2026-06-01 20:00", HOUR, "2026-06-02 10:00"),
            ("2026-06-06 12:00", HOUR, "2026-06-08 10:00"),
            # exactly opening and closing
            ("2026-06-01 09:00", HOUR, "2026-06-01 10:00"),
            ("2026-06-01 12:30", HOUR, "2026-06-01 14:30"),
            ("2026-06-01 17:30", HOUR, "2026-06-02 10:00"),
            # the earliest instant is a closing one
            ("2026-06-01 10:00", 2.5 * HOUR, "2026-06-01 12:30"),
            ("2026-06-01 09:00", 7.5 * HOUR, "2026-06-01 17:30"),
            ("2026-06-05 09:00", 7.5 * HOUR, "2026-06-05 17:30"),
            ("2026-06-01 09:00", 5 * 7.5 * HOUR, "2026-06-05 17:30"),
            ("2026-06-01 10:00", 2.5 * HOUR + TICK, "2026-06-01 13:30:00.000001"),
            # backward, inside and outside
            ("2026-06-01 11:00", -HOUR, "2026-06-01 10:00"),
            ("2026-06-01 14:00", -HOUR, "2026-06-01 12:00"),
            ("2026-06-01 03:00", -HOUR, "2026-05-29 16:30"),
            ("2026-06-01 09:00", -HOUR, "2026-05-29 16:30"),
            ("2026-06-01 17:30", -HOUR, "2026-06-01 16:30"),
            ("2026-06-01 13:00", -HOUR, "2026-06-01 11:30"),
            # backward, the latest instant is an opening one
            ("2026-06-01 12:30", -3.5 * HOUR, "2026-06-01 09:00"),
            ("2026-06-01 17:30", -4 * HOUR, "2026-06-01 13:30"),
            ("2026-06-01 17:30", -4 * HOUR - TICK, "2026-06-01 12:29:59.999999"),
            # nothing is the start itself, open or closed
            ("2026-06-01 10:00", 0 * HOUR, "2026-06-01 10:00"),
            ("2026-06-01 17:30", 0 * HOUR, "2026-06-01 17:30"),
            ("2026-06-06 12:00", 0 * HOUR, "2026-06-06 12:00"),
            # to the microsecond
            ("2026-06-01 10:00:00.000001", HOUR, "2026-06-01 11:00:00.000001"),
            ("2026-06-01 03:00:00.999999", TICK, "2026-06-01 09:00:00.000001"),
            ("2026-06-01 12:29:59.999999", 2 * TICK, "2026-06-01 13:30:00.000001"),
        ],
    )
    def test_office_hours(self, start, duration, expected):
        assert OFFICE.add(utc(start), duration) == utc(expected)

    def test_ten_years(self):
        calendar = Calendar("UTC", hours={"mon-fri": NINE_TO_FIVE})
        # 2609 working days of 8 hours, and an hour of the next.
        due = calendar.add(utc("2020-01-01 00:00"), 20873 * HOUR)
        assert due == utc("2030-01-01 10:00")
        assert calendar.add(due, -20873 * HOUR) == utc("2020-01-01 09:00")

    def test_is_in_utc_whatever_the_zone_of_the_start(self):
        start = datetime(2026, 6, 1, 6, tzinfo=ZoneInfo("America/Toronto"))
        for duration in (-HOUR, 0 * HOUR, HOUR):
            due = OFFICE.add(start, duration)
            assert due.tzinfo is UTC
            assert due == utc("2026-06-01 10:00") + duration


class TestBetween:
    @pytest.mark.parametrize(
        ("start", "end", "expected"),
        [
            ("2026-06-01 10:00", "2026-06-01 11:00", HOUR),
            ("2026-06-01 03:00", "2026-06-01 20:00", 7.5 * HOUR),
            ("2026-06-01 12:00", "2026-06-01 14:00", HOUR),
            ("2026-06-01 12:30", "2026-06-01 13:30", 0 * HOUR),
            ("2026-06-01 17:30", "2026-06-02 09:00", 0 * HOUR),
            ("2026-06-06 00:00", "2026-06-08 00:00", 0 * HOUR),
            ("2026-06-01 00:00", "2026-06-08 00:00", 37.5 * HOUR),
            ("2026-06-01 10:00", "2026-06-01 10:00", 0 * HOUR),
            ("2026-06-01 08:59:59.999999", "2026-06-01 09:00:00.000001", TICK),
            ("2026-06-01 12:29:59.999999", "2026-06-01 12:30:00.000001", TICK),
            ("2020-01-01 00:00", "2030-01-01 00:00", 2609 * 7.5 * HOUR),
        ],
    )
    def test_office_hours(self, start, end, expected):
        assert OFFICE.between(utc(start), utc(end)) == expected
        assert OFFICE.between(utc(end), utc(start)) == -expected


class TestSpansAndIsOpen:
    def test_spans_are_clipped(self):
        assert spans(OFFICE, "2026-06-01 10:00", "2026-06-02 10:00") == [
            ("01 10:00", "01 12:30"),
            ("01 13:30", "01 17:30"),
            ("02 09:00", "02 10:00"),
        ]

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            ("2026-06-01 12:30", "2026-06-01 13:30"),
            ("2026-06-06 12:00", "2026-06-07 12:00"),
            ("2026-06-01 10:00", "2026-06-01 10:00"),
            ("2026-06-02 10:00", "2026-06-01 10:00"),
        ],
        ids=["lunch", "weekend", "nothing", "backward"],
    )
    def test_none(self, start, end):
        assert spans(OFFICE, start, end) == []

    def test_spans_that_touch_are_one(self):
        calendar = Calendar("UTC", {"mon": [("09:00", "12:00"), ("12:00", "17:00")]})
        assert spans(calendar, "2026-06-01 00:00", "2026-06-02 00:00") == [("01 09:00", "01 17:00")]
        night = Calendar("UTC", {EVERY_DAY: [("00:00", "06:00"), ("22:00", "24:00")]})
        assert spans(night, "2026-06-01 12:00", "2026-06-02 12:00") == [("01 22:00", "02 06:00")]

    def test_a_span_over_new_year_is_one(self):
        night = Calendar("UTC", {"thu": [("22:00", "06:00")]})
        assert night.spans(utc("2026-12-31 00:00"), utc("2027-01-02 00:00")) == (
            Span(utc("2026-12-31 22:00"), utc("2027-01-01 06:00")),
        )

    @pytest.mark.parametrize(
        ("at", "expected"),
        [
            ("2026-06-01 08:59:59.999999", False),
            ("2026-06-01 09:00", True),
            ("2026-06-01 12:29:59.999999", True),
            ("2026-06-01 12:30", False),
            ("2026-06-01 13:30", True),
            ("2026-06-01 17:30", False),
            ("2026-06-06 12:00", False),
        ],
    )
    def test_is_open(self, at, expected):
        assert OFFICE.is_open(utc(at)) is expected


class TestClockChanges:
    """The wall clock is the rule. Instants are in UTC, opening hours are not."""

    @pytest.mark.parametrize(
        ("tz", "hours", "day", "expected"),
        [
            # Toronto: 02:00 becomes 03:00 at 07:00 UTC on 8 March.
            ("America/Toronto", ("02:30", "05:00"), "2026-03-08", [("08 07:00", "08 09:00")]),
            ("America/Toronto", ("00:00", "02:30"), "2026-03-08", [("08 05:00", "08 07:00")]),
            ("America/Toronto", ("02:00", "03:00"), "2026-03-08", []),
            ("America/Toronto", ("02:15", "02:45"), "2026-03-08", []),
            ("America/Toronto", ("01:00", "04:00"), "2026-03-08", [("08 06:00", "08 08:00")]),
            # Toronto: 02:00 becomes 01:00 again at 06:00 UTC on 1 November.
            ("America/Toronto", ("00:00", "03:00"), "2026-11-01", [("01 04:00", "01 08:00")]),
            (
                "America/Toronto",
                ("01:30", "04:00"),
                "2026-11-01",
                [("01 05:30", "01 06:00"), ("01 06:30", "01 09:00")],
            ),
            (
                "America/Toronto",
                ("00:00", "01:30"),
                "2026-11-01",
                [("01 04:00", "01 05:30"), ("01 06:00", "01 06:30")],
            ),
            (
                "America/Toronto",
                ("01:15", "01:45"),
                "2026-11-01",
                [("01 05:15", "01 05:45"), ("01 06:15", "01 06:45")],
            ),
            # Lord Howe: 02:00 becomes 01:30 again at 15:00 UTC on 4 April,
            ("Australia/Lord_Howe", ("01:00", "02:00"), "2026-04-04", [("04 14:00", "04 15:30")]),
            (
                "Australia/Lord_Howe",
                ("01:45", "02:00"),
                "2026-04-04",
                [("04 14:45", "04 15:00"), ("04 15:15", "04 15:30")],
            ),
            # and 02:30 at 15:30 UTC on 3 October.
            ("Australia/Lord_Howe", ("01:00", "03:00"), "2026-10-03", [("03 14:30", "03 16:00")]),
            ("Australia/Lord_Howe", ("02:15", "03:00"), "2026-10-03", [("03 15:30", "03 16:00")]),
            # Sao Paulo: midnight becomes 01:00 at 03:00 UTC on 4 November,
            ("America/Sao_Paulo", ("00:00", "02:00"), "2018-11-04", [("04 03:00", "04 04:00")]),
            ("America/Sao_Paulo", ("00:00", "00:30"), "2018-11-04", []),
            # and 23:00 of the day before again at 02:00 UTC on 18 February.
            ("America/Sao_Paulo", ("22:00", "24:00"), "2018-02-18", [("18 00:00", "18 03:00")]),
            ("America/Sao_Paulo", ("00:00", "01:00"), "2018-02-18", [("18 03:00", "18 04:00")]),
            # Caracas changed for good: 02:30 became 03:00 at 07:00 UTC on 1 May.
            ("America/Caracas", ("02:00", "04:00"), "2016-05-01", [("01 06:30", "01 08:00")]),
            # Casablanca puts its clocks back for Ramadan: 03:00 becomes 02:00 at 02:00 UTC.
            ("Africa/Casablanca", ("01:00", "04:00"), "2025-02-23", [("23 00:00", "23 04:00")]),
            # Recife tried summer time for a week.
            ("America/Recife", ("09:00", "13:00"), "2000-10-07", [("07 12:00", "07 16:00")]),
            ("America/Recife", ("09:00", "13:00"), "2000-10-11", [("11 11:00", "11 15:00")]),
            ("America/Recife", ("09:00", "13:00"), "2000-10-15", [("15 12:00", "15 16:00")]),
            # Apia: no 30 December; 10:00 UTC is midnight before that day and after it.
            ("Pacific/Apia", ("20:00", "04:00"), "2011-12-30", [("30 06:00", "30 14:00")]),
            # Monrovia: 44 and a half minutes were skipped at midnight.
            ("Africa/Monrovia", ("00:30", "01:00"), "1972-01-07", [("07 00:44", "07 01:00")]),
        ],
    )
    def test_spans(self, tz, hours, day, expected):
        calendar = Calendar(tz, hours={EVERY_DAY: [hours]})
        assert spans(calendar, f"{day} 00:00", f"{day} 16:00") == expected

    def test_add_over_a_skipped_hour(self):
        calendar = Calendar("America/Toronto", hours={"sun": [("01:30", "05:00")]})
        assert calendar.add(utc("2026-03-08 00:00"), HOUR) == utc("2026-03-08 07:30")
        assert calendar.add(utc("2026-03-08 12:00"), -2 * HOUR) == utc("2026-03-08 07:00")
        assert calendar.between(utc("2026-03-08 00:00"), utc("2026-03-09 00:00")) == 2.5 * HOUR

    def test_add_over_a_repeated_hour(self):
        calendar = Calendar("America/Toronto", hours={"sun": [("01:30", "05:00")]})
        assert calendar.add(utc("2026-11-01 00:00"), HOUR) == utc("2026-11-01 07:00")
        assert calendar.add(utc("2026-11-01 00:00"), HOUR / 2) == utc("2026-11-01 06:00")
        assert calendar.add(utc("2026-11-01 06:10"), -MINUTE) == utc("2026-11-01 05:59")
        assert calendar.between(utc("2026-11-01 00:00"), utc("2026-11-02 00:00")) == 4 * HOUR

    def test_a_repeated_local_time_is_two_instants(self):
        calendar = Calendar("America/Toronto", hours={"sun": [("00:00", "24:00")]})
        first = datetime(2026, 11, 1, 1, 30, tzinfo=ZoneInfo("America/Toronto"))
        second = first.replace(fold=1)
        assert calendar.between(first, second) == HOUR
        assert calendar.add(first, 2 * HOUR) == utc("2026-11-01 07:30")
        assert calendar.add(second, 2 * HOUR) == utc("2026-11-01 08:30")
        assert calendar.between(first, datetime(2026, 11, 2, tzinfo=first.tzinfo)) == 23.5 * HOUR

    def test_a_skipped_day(self):
        """Friday the 30th never was in Apia, nor the morning of the Thursday night."""
        office = Calendar("Pacific/Apia", hours={"mon-fri": NINE_TO_FIVE})
        thursday_at_four = datetime(2011, 12, 29, 16, tzinfo=ZoneInfo("Pacific/Apia"))
        assert office.add(thursday_at_four, 2 * HOUR) == utc("2012-01-01 20:00")
        night = Calendar("Pacific/Apia", hours={"thu": [("22:00", "06:00")]})
        assert spans(night, "2011-12-29 12:00", "2012-01-01 00:00") == [("30 08:00", "30 10:00")]
        friday = Calendar("Pacific/Apia", hours={"fri": [("00:00", "24:00")]})
        assert spans(friday, "2011-12-25 00:00", "2012-01-02 00:00") == []


class TestDates:
    def test_a_holiday_is_closed(self):
        calendar = Calendar("UTC", {EVERY_DAY: NINE_TO_FIVE}, holidays=["2026-06-02"])
        assert calendar.add(utc("2026-06-01 16:00"), 2 * HOUR) == utc("2026-06-03 10:00")
        assert not calendar.is_open(utc("2026-06-02 12:00"))

    def test_a_holiday_is_a_local_date(self):
        calendar = Calendar("America/Toronto", holidays=["2026-06-02"])
        assert spans(calendar, "2026-06-01 12:00", "2026-06-04 00:00") == [
            ("01 12:00", "02 04:00"),
            ("03 04:00", "04 00:00"),
        ]

    NIGHT = {EVERY_DAY: [("22:00", "06:00")]}
    """Of 1 June alone: 22:00 to 06:00 of 2 June."""

    @pytest.mark.parametrize(
        ("holidays", "special_days", "expected"),
        [
            ([], {}, [("01 22:00", "02 06:00"), ("02 22:00", "03 06:00")]),
            # Only what falls on the date is closed.
            (["2026-06-02"], {}, [("01 22:00", "02 00:00"), ("03 00:00", "03 06:00")]),
            (["2026-06-01"], {}, [("02 00:00", "02 06:00"), ("02 22:00", "03 06:00")]),
            (["2026-06-01", "2026-06-02"], {}, [("03 00:00", "03 06:00")]),
            # A special day replaces all of its date, the morning too.
            (
                [],
                {"2026-06-02": [("10:00", "14:00")]},
                [("01 22:00", "02 00:00"), ("02 10:00", "02 14:00"), ("03 00:00", "03 06:00")],
            ),
            ([], {"2026-06-02": []}, [("01 22:00", "02 00:00"), ("03 00:00", "03 06:00")]),
            # Its own night goes on, in addition to what the next date has.
            (
                [],
                {"2026-06-01": [("20:00", "08:00")]},
                [("01 20:00", "02 08:00"), ("02 22:00", "03 06:00")],
            ),
            (
                [],
                {"2026-06-01": [("20:00", "04:00")]},
                [("01 20:00", "02 06:00"), ("02 22:00", "03 06:00")],
            ),
            # Unless that one is a holiday or a special day itself.
            (
                ["2026-06-02"],
                {"2026-06-01": [("20:00", "08:00")]},
                [("01 20:00", "02 00:00"), ("03 00:00", "03 06:00")],
            ),
            (
                [],
                {"2026-06-01": [("20:00", "08:00")], "2026-06-02": [("10:00", "11:00")]},
                [("01 20:00", "02 00:00"), ("02 10:00", "02 11:00"), ("03 00:00", "03 06:00")],
            ),
            # A special day on a holiday wins.
            (
                ["2026-06-02"],
                {"2026-06-02": [("10:00", "14:00")]},
                [("01 22:00", "02 00:00"), ("02 10:00", "02 14:00"), ("03 00:00", "03 06:00")],
            ),
        ],
    )
    def test_overnight(self, holidays, special_days, expected):
        calendar = Calendar("UTC", self.NIGHT, holidays, special_days)
        assert spans(calendar, "2026-06-01 12:00", "2026-06-03 12:00") == expected

    def test_sunday_night_goes_on_into_monday(self):
        calendar = Calendar("UTC", {"sun": [("22:00", "06:00")]})
        assert spans(calendar, "2026-05-31 00:00", "2026-06-07 00:00") == [("31 22:00", "01 06:00")]

    def test_only_special_days(self):
        calendar = Calendar("UTC", hours={}, special_days={"2026-06-02": NINE_TO_FIVE})
        assert calendar.add(utc("1990-01-01 00:00"), 8 * HOUR) == utc("2026-06-02 17:00")
        assert calendar.add(utc("2100-01-01 00:00"), -8 * HOUR) == utc("2026-06-02 09:00")
        assert calendar.between(utc("1990-01-01 00:00"), utc("2100-01-01 00:00")) == 8 * HOUR

    def test_without_holidays(self):
        calendar = Calendar(
            "UTC",
            {"mon-fri": NINE_TO_FIVE},
            holidays=["2026-06-01"],
            special_days={"2026-06-02": []},
        )
        bare = calendar.without_holidays()
        assert bare == Calendar("UTC", {"mon-fri": NINE_TO_FIVE}, (), {"2026-06-02": []})
        assert bare is calendar.without_holidays() is bare.without_holidays()


class TestAlways:
    def test_ticks_around_the_clock(self):
        assert ALWAYS.add(utc("2026-06-06 23:00"), 26 * HOUR) == utc("2026-06-08 01:00")
        assert ALWAYS.add(utc("2026-06-06 23:00"), -26 * HOUR) == utc("2026-06-05 21:00")
        assert ALWAYS.add(utc("2026-06-06 23:00"), 0 * HOUR) == utc("2026-06-06 23:00")
        assert ALWAYS.between(utc("2026-06-06 23:00"), utc("2026-06-08 01:00")) == 26 * HOUR
        assert ALWAYS.is_open(utc("2026-06-06 23:00"))
        assert spans(ALWAYS, "2026-06-06 23:00", "2026-06-08 01:00") == [("06 23:00", "08 01:00")]

    def test_holds_all_the_time_there_is(self):
        first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
        assert ALWAYS.between(first, last) == last - first
        assert ALWAYS.add(first, last - first) == last
        assert ALWAYS.add(last, first - last) == first
        assert ALWAYS.is_open(first)
        assert ALWAYS.is_open(last)
        assert ALWAYS.spans(first, last) == (Span(first, last),)
        with pytest.raises(NoOpenTime, match="years 1 to 9999"):
            ALWAYS.add(last, TICK)
        with pytest.raises(NoOpenTime, match="years 1 to 9999"):
            ALWAYS.add(first, -TICK)
        with pytest.raises(CalendarError, match="outside the years 1 to 9999"):
            ALWAYS.is_open(first.replace(tzinfo=timezone(HOUR)))

    def test_is_a_calendar_without_hours(self):
        whole_days = {EVERY_DAY: [("00:00", "24:00")]}
        assert ALWAYS == Calendar("UTC") == Calendar("UTC", whole_days)
        assert Calendar.from_dict(json.loads(json.dumps(ALWAYS.to_dict()))) == ALWAYS
        assert pickle.loads(pickle.dumps(ALWAYS)) == ALWAYS
        assert ALWAYS.without_holidays() is ALWAYS

    def test_needs_no_walk(self):
        toronto = Calendar("America/Toronto")
        assert toronto != ALWAYS
        assert toronto.add(utc("0100-01-01 00:00"), HOUR) == utc("0100-01-01 01:00")
        whole_halves = Calendar("UTC", {EVERY_DAY: [("00:00", "12:00"), ("12:00", "24:00")]})
        assert whole_halves.add(utc("2026-06-01 00:00"), 100 * HOUR) == utc("2026-06-05 04:00")


class TestLimits:
    """Nothing runs on towards the year 9999."""

    def test_outside_of_the_years(self):
        for at in ("1899-12-31 23:59:59.999999", "2201-01-01 00:00", "9999-01-01 00:00"):
            for ask in (
                lambda at: OFFICE.add(at, HOUR),
                lambda at: OFFICE.add(at, -HOUR),
                lambda at: OFFICE.between(at, utc("2026-06-01 00:00")),
                lambda at: OFFICE.between(utc("2026-06-01 00:00"), at),
                lambda at: OFFICE.spans(at, utc("2026-06-01 00:00")),
                OFFICE.is_open,
            ):
                with pytest.raises(CalendarError, match="outside the years 1900 to 2200"):
                    ask(utc(at))

    def test_on_the_edge_of_the_years(self):
        first, last = utc("1900-01-01 00:00"), utc("2200-12-31 23:59:59.999999")
        assert OFFICE.add(first, HOUR) == utc("1900-01-01 10:00")
        assert OFFICE.add(last, -HOUR) == utc("2200-12-31 16:30")
        with pytest.raises(NoOpenTime):
            OFFICE.add(first, -TICK)
        with pytest.raises(NoOpenTime):
            OFFICE.add(last, TICK)
        night = Calendar("UTC", {EVERY_DAY: [("22:00", "06:00")]})
        assert night.add(first, HOUR) == utc("1900-01-01 01:00")
        assert night.add(utc("1900-01-01 01:00"), -HOUR) == first
        with pytest.raises(NoOpenTime):
            night.add(utc("1900-01-01 01:00"), -HOUR - TICK)

    @pytest.mark.parametrize("duration", [2 * HOUR, -2 * HOUR, timedelta.max, timedelta.min])
    def test_open_time_runs_out(self, duration):
        calendar = Calendar("UTC", hours={}, special_days={"2026-06-02": [("09:00", "10:00")]})
        with pytest.raises(NoOpenTime) as caught:
            calendar.add(utc("2026-06-02 09:30"), duration)
        assert str(caught.value) == (
            f"from 2026-06-02 09:30:00+00:00 there is no open time of {duration} in the years "
            "1900 to 2200 that this calendar covers"
        )

    def test_all_open_time_of_the_years_is_found(self):
        calendar = Calendar("UTC", {"mon": [("10:00", "11:00")]})
        first, last = utc("1900-01-01 00:00"), utc("2200-12-31 23:59")
        middle = utc("2026-06-02 09:30")
        for asked in (calendar, Calendar("UTC", {"mon": [("10:00", "11:00")]})):
            after, before = asked.between(middle, last), asked.between(first, middle)
            assert asked.add(middle, after) == utc("2200-12-29 11:00")
            assert asked.add(middle, -before) == utc("1900-01-01 10:00")
            with pytest.raises(NoOpenTime):
                asked.add(middle, after + TICK)
            with pytest.raises(NoOpenTime):
                asked.add(middle, -before - TICK)

    def test_ends_soon_when_asked_for_the_impossible(self):
        calendar = Calendar("UTC", hours={"mon": [("10:00", "10:01")]})
        began = clock.process_time()
        for duration in (timedelta(days=999_999_999), timedelta(days=200 * 365)):
            with pytest.raises(NoOpenTime):
                calendar.add(utc("2026-06-02 09:30"), duration)
            with pytest.raises(NoOpenTime):
                calendar.add(utc("2026-06-02 09:30"), -duration)
        assert clock.process_time() - began < 0.5

    def test_never_open(self):
        for hours in ({}, {"mon": []}, {EVERY_DAY: []}):
            with pytest.raises(NoOpenTime, match="it would never open"):
                Calendar("UTC", hours, special_days={"2026-06-02": []})


class TestWriting:
    def test_forms_that_are_the_same(self):
        written = Calendar(
            "America/Toronto",
            hours={
                "fri": [["9:00", "17:00:00"]],
                "mon": [("22:00", "00:00"), ("09:00", "12:00:00.000000")],
                "sat": [],
            },
            holidays=["2026-12-25", "2026-01-01", date(2026, 1, 1)],
            special_days={"2026-12-24": [("09:00", "12:00")]},
        )
        same = Calendar(
            ZoneInfo("America/Toronto"),
            hours={
                "mon": iter([(time(9), time(12)), (time(22), "24:00")]),
                "fri": ((time(9), time(17)),),
            },
            holidays={date(2026, 1, 1): "New Year", date(2026, 12, 25): "Christmas"},
            special_days={date(2026, 12, 24): [(time(9), time(12))]},
        )
        assert written == same
        assert hash(written) == hash(same)
        assert written.to_dict() == same.to_dict()

    def test_ranges_of_weekdays(self):
        assert Calendar("UTC", {"fri-mon": NINE_TO_FIVE}) == Calendar(
            "UTC", dict.fromkeys(("mon", "fri", "sat", "sun"), NINE_TO_FIVE)
        )
        assert Calendar("UTC", {"wed-wed": NINE_TO_FIVE}) == Calendar("UTC", {"wed": NINE_TO_FIVE})

    @pytest.mark.parametrize(
        "other",
        [
            Calendar("America/New_York", {"mon": NINE_TO_FIVE}),
            Calendar("UTC", {"tue": NINE_TO_FIVE}),
            Calendar("UTC", {"mon": [("09:00", "17:01")]}),
            Calendar("UTC", {"mon": NINE_TO_FIVE}, holidays=["2026-06-01"]),
            Calendar("UTC", {"mon": NINE_TO_FIVE}, special_days={"2026-06-01": []}),
        ],
    )
    def test_different(self, other):
        assert Calendar("UTC", {"mon": NINE_TO_FIVE}) != other

    def test_to_dict(self):
        calendar = Calendar(
            "America/Toronto",
            hours={
                "sun": [("22:00", "06:00")],
                "mon": [("12:00", "24:00"), ("07:00:01.5", "08:00")],
            },
            holidays=["2026-12-25", "2026-01-01"],
            special_days={"2026-12-31": [], "2026-12-24": [("09:00", "12:00")]},
        )
        assert json.dumps(calendar.to_dict()) == (
            '{"tz": "America/Toronto", '
            '"hours": {"mon": [["07:00:01.500000", "08:00"], ["12:00", "24:00"]], '
            '"sun": [["22:00", "06:00"]]}, '
            '"holidays": ["2026-01-01", "2026-12-25"], '
            '"special_days": {"2026-12-24": [["09:00", "12:00"]], "2026-12-31": []}}'
        )
        assert Calendar.from_dict(json.loads(json.dumps(calendar.to_dict()))) == calendar

    def test_seconds_and_microseconds_count(self):
        calendar = Calendar("UTC", {"mon": [("09:00:00.5", time(9, 0, 0, 500_001))]})
        assert calendar.between(utc("2026-06-01 00:00"), utc("2026-06-02 00:00")) == TICK

    def test_a_minute_before_midnight_is_not_midnight(self):
        calendar = Calendar("UTC", {EVERY_DAY: [("00:00", "23:59")]})
        assert calendar.between(utc("2026-06-01 00:00"), utc("2026-06-02 00:00")) == 1439 * MINUTE

    def test_travels(self):
        OFFICE.is_open(utc("2026-06-01 09:00"))
        pickled = pickle.dumps(OFFICE)
        assert len(pickled) < 1000
        assert pickle.loads(pickled) == copy.deepcopy(OFFICE) == copy.copy(OFFICE) == OFFICE
        assert eval(repr(OFFICE)) == OFFICE

    def test_is_immutable(self):
        with pytest.raises(AttributeError):
            OFFICE.tz = "America/Toronto"


class TestRefusals:
    @pytest.mark.parametrize(
        ("written", "message"),
        [
            (
                {"tz": "America/Torronto"},
                "tz: unknown time zone 'America/Torronto'; did you mean 'America/Toronto'?",
            ),
            ({"tz": "toronto"}, "did you mean 'America/Toronto'?"),
            ({"tz": "America/New York"}, "did you mean 'America/New_York'?"),
            ({"tz": "?"}, "tz: unknown time zone '?'; write it as \"America/Toronto\""),
            ({"tz": ""}, "tz: unknown time zone ''"),
            ({"tz": "America"}, "tz: unknown time zone 'America'"),
            ({"tz": "../../etc/passwd"}, "tz: unknown time zone"),
            ({"tz": "a\0b"}, "tz: unknown time zone"),
            ({"tz": "a" * 10_000}, "tz: unknown time zone"),
            ({"tz": None}, "tz: expected a name"),
            ({"tz": UTC}, "tz: expected a name"),
            ({"hours": []}, "hours: expected {"),
            ({"hours": "mon"}, "hours: expected {"),
            ({"hours": {"monday": []}}, "hours: unknown weekday 'monday'; write one of mon, tue"),
            ({"hours": {"Mon": []}}, "unknown weekday 'Mon'"),
            ({"hours": {0: []}}, "unknown weekday 0"),
            ({"hours": {"mon-": []}}, "unknown weekday 'mon-'"),
            ({"hours": {"-mon": []}}, "unknown weekday '-mon'"),
            ({"hours": {"mon-wed-fri": []}}, "unknown weekday 'mon-wed-fri'"),
            (
                {"hours": {"mon-fri": NINE_TO_FIVE, "fri": [("18:00", "19:00")]}},
                "hours['fri']: fri is given twice",
            ),
            ({"hours": {"mon": None}}, "hours['mon']: expected a list of spans"),
            ({"hours": {"mon": "09:00-17:00"}}, "hours['mon']: expected a list of spans"),
            ({"hours": {"mon": ("09:00", "17:00")}}, "hours['mon']: '09:00' is not a span"),
            ({"hours": {"mon": [("09:00",)]}}, "hours['mon']: ('09:00',) is not a span"),
            (
                {"hours": {"mon": [("25:00", "26:00")]}},
                "hours['mon']: '25:00' is not a time of day",
            ),
            ({"hours": {"mon": [("09:00", "24:01")]}}, "'24:01' is not a time of day"),
            ({"hours": {"mon": [("09:60", "10:00")]}}, "'09:60' is not a time of day"),
            ({"hours": {"mon": [("09:00:60", "10:00")]}}, "'09:00:60' is not a time of day"),
            ({"hours": {"mon": [("9", "17")]}}, "'9' is not a time of day; write \"00:00\" to"),
            ({"hours": {"mon": [("٠٩:00", "17:00")]}}, "is not a time of day"),
            ({"hours": {"mon": [("09:00\n", "17:00")]}}, "is not a time of day"),
            ({"hours": {"mon": [(9, 17)]}}, "hours['mon']: 9 is not a time of day"),
            ({"hours": {"mon": [(time(9, tzinfo=UTC), "17:00")]}}, "has a time zone"),
            ({"hours": {"mon": [("09:00", "09:00")]}}, "hours['mon']: 09:00-09:00 is empty"),
            ({"hours": {"mon": [("00:00", "00:00")]}}, 'write ("00:00", "24:00") for a whole day'),
            (
                {"hours": {"mon": [("24:00", "06:00")]}},
                "hours['mon']: a span cannot begin at 24:00",
            ),
            (
                {"hours": {"mon": [("24:00", "24:00")]}},
                "hours['mon']: a span cannot begin at 24:00",
            ),
            (
                {"hours": {"mon": [("09:00", "12:00"), ("11:00", "17:00")]}},
                "hours['mon']: 11:00-17:00 overlaps 09:00-12:00; make one",
            ),
            (
                {"hours": {"mon": [("09:00", "12:00"), ("09:00", "12:00")]}},
                "hours['mon']: 09:00-12:00 overlaps 09:00-12:00",
            ),
            (
                {"hours": {"mon": [("22:00", "06:00")], "tue": [("05:59", "09:00")]}},
                "hours['tue']: 05:59-09:00 overlaps 22:00-06:00 of hours['mon']",
            ),
            (
                {"hours": {"mon": [("05:00", "09:00")], "sun": [("22:00", "06:00")]}},
                "hours['mon']: 05:00-09:00 overlaps 22:00-06:00 of hours['sun']",
            ),
            ({"holidays": "2026-12-25"}, "holidays: expected a list of dates"),
            ({"holidays": 5}, "holidays: expected a list of dates"),
            ({"holidays": ["25.12.2026"]}, "holidays: '25.12.2026' is not a date; write it as"),
            ({"holidays": ["2026-02-29"]}, "holidays: '2026-02-29' is not a date"),
            ({"holidays": [None]}, "holidays: None is not a date"),
            ({"holidays": [NAIVE]}, "is an instant, not a date; pass its .date()"),
            ({"special_days": ["2026-12-24"]}, "special_days: expected {"),
            ({"special_days": {"24.12.": []}}, "special_days: '24.12.' is not a date"),
            ({"special_days": {NAIVE: []}}, "is an instant, not a date"),
            (
                {"special_days": {"2026-12-24": [], date(2026, 12, 24): []}},
                "special_days: 2026-12-24 is given twice",
            ),
            (
                {"special_days": {"2026-12-24": [("10:00", "10:00")]}},
                "special_days['2026-12-24']: 10:00-10:00 is empty",
            ),
            (
                {"special_days": {"2026-12-24": [("22:00", "04:00"), ("23:00", "05:00")]}},
                "special_days['2026-12-24']: 23:00-05:00 overlaps 22:00-04:00",
            ),
        ],
    )
    def test_names_what_is_wrong(self, written, message):
        with pytest.raises(CalendarError) as caught:
            Calendar(**{"tz": "UTC", "hours": {"sat": NINE_TO_FIVE}} | written)
        assert message in str(caught.value)

    def test_touching_is_not_overlapping(self):
        Calendar("UTC", {"mon": [("22:00", "06:00")], "tue": [("06:00", "09:00")]})
        Calendar("UTC", {"sun": [("22:00", "06:00")], "mon": [("06:00", "09:00")]})
        Calendar("UTC", {"mon": [("22:00", "24:00")], "tue": [("00:00", "09:00")]})

    @pytest.mark.parametrize("data", [None, [], "UTC", {}, {"hours": {}}, {"tz": "UTC", "x": 1}])
    def test_from_dict(self, data):
        with pytest.raises(CalendarError) as caught:
            Calendar.from_dict(data)
        assert str(caught.value) == (
            f"expected a table of tz, hours, holidays, special_days, got {data!r}"
        )

    def test_from_dict_without_what_may_be_left_out(self):
        assert Calendar.from_dict({"tz": "UTC"}) == ALWAYS

    @pytest.mark.parametrize("calendar", [OFFICE, ALWAYS], ids=["office", "always"])
    @pytest.mark.parametrize("wrong", [NAIVE, date(2026, 6, 1), HOUR, "now", None, 0])
    def test_instants_are_aware(self, calendar, wrong):
        right = utc("2026-06-01 10:00")
        for name, ask in {
            "start": lambda: calendar.add(wrong, HOUR),
            "start ": lambda: calendar.add(wrong, -HOUR),
            "start  ": lambda: calendar.add(wrong, 0 * HOUR),
            "start   ": lambda: calendar.between(wrong, right),
            "end": lambda: calendar.between(right, wrong),
            "start    ": lambda: calendar.spans(wrong, right),
            "end ": lambda: calendar.spans(right, wrong),
            "at": lambda: calendar.is_open(wrong),
        }.items():
            with pytest.raises(CalendarError, match=f"^{name.strip()}: .*aware datetime"):
                ask()

    @pytest.mark.parametrize("calendar", [OFFICE, ALWAYS], ids=["office", "always"])
    @pytest.mark.parametrize("wrong", [0, 3600, 1.5, "4h", None, time(4)])
    def test_durations_are_timedeltas(self, calendar, wrong):
        with pytest.raises(CalendarError) as caught:
            calendar.add(utc("2026-06-01 10:00"), wrong)
        assert str(caught.value) == f"duration: expected a timedelta, got {wrong!r}"


class TestTable:
    """Compiled when first asked, and larger when asked about other years."""

    def test_answers_do_not_depend_on_what_was_asked_before(self):
        def calendar(minute: int) -> Calendar:
            return Calendar("Europe/London", {"mon-fri": [("09:00", f"17:{minute}")]})

        questions = [utc(f"{year}-03-30 12:00") for year in (2026, 1950, 2100, 2030, 1901, 2199)]
        grown = calendar(30)
        answers = [grown.between(utc("2026-06-01 00:00"), at) for at in questions]
        again = [grown.between(utc("2026-06-01 00:00"), at) for at in questions]
        assert answers == again
        for at, answer in zip(questions, answers, strict=True):
            parts = [grown.between(part.start, part.end) for part in yearly(at)]
            total = sum(parts, timedelta(0))
            assert answer == (total if at > utc("2026-06-01 00:00") else -total)

    @pytest.mark.parametrize(
        "edge", ["2025-01-01 00:00", "2024-12-31 23:00", "2029-01-01 00:00", "2028-12-31 23:00"]
    )
    def test_on_the_edge_of_what_is_compiled(self, edge):
        at = utc(edge)
        for day, (ask, expected) in enumerate(
            [
                (lambda calendar: calendar.is_open(at), True),
                (lambda calendar: calendar.between(at, at + DAY), timedelta(hours=8)),
                (lambda calendar: calendar.between(at - DAY, at), timedelta(hours=8)),
                (lambda calendar: calendar.add(at, 8 * HOUR), at + DAY),
                (lambda calendar: calendar.add(at, -8 * HOUR), at - DAY),
                (lambda calendar: calendar.add(at, 800 * HOUR), at + 100 * DAY),
                (lambda calendar: calendar.add(at, -800 * HOUR), at - 100 * DAY),
            ],
            start=1,
        ):
            # A holiday long ago makes each a calendar of its own, compiled anew.
            calendar = Calendar("UTC", {EVERY_DAY: [("22:30", "06:30")]}, [date(1900, 1, day)])
            assert not calendar.is_open(utc("2026-06-01 12:00"))  # compiles 2025 to 2028
            assert ask(calendar) == expected, day

    def test_from_before_what_is_compiled_into_it(self):
        calendar = Calendar("UTC", {"mon-fri": [("09:00", "17:14")]})
        assert not calendar.is_open(utc("2026-06-01 00:00"))  # compiles 2025 to 2028
        assert calendar.add(utc("2024-12-31 20:00"), 8 * HOUR) == utc("2025-01-01 17:00")
        assert calendar.add(utc("2029-01-01 04:00"), -8 * HOUR) == utc("2028-12-29 09:14")

    def test_equal_calendars_share_it(self):
        one = Calendar("Europe/Rome", {"mon": [("09:00", "17:11")]})
        assert Calendar.from_dict(one.to_dict())._timeline is one._timeline

    def test_only_ever_grows(self):
        calendar = Calendar("Europe/Oslo", {"mon": [("09:00", "17:12")]})
        first, last = utc("2026-06-01 00:00"), utc("2026-06-01 00:00")
        for year in (2026, 1990, 2060, 2010):
            assert not calendar.is_open(utc(f"{year}-06-01 00:00"))
            opens = calendar._timeline.table.opens
            first, last = min(first, EPOCH + opens[0]), max(last, EPOCH + opens[-1])
            assert (EPOCH + opens[0], EPOCH + opens[-1]) == (first, last)

    def test_another_thread_made_it_grow_meanwhile(self):
        calendar = Calendar("UTC", hours={}, special_days={"2150-06-02": NINE_TO_FIVE})
        assert not calendar.is_open(utc("2026-06-01 00:00"))
        before = calendar._timeline.table
        assert calendar.add(utc("2026-06-01 00:00"), HOUR) == utc("2150-06-02 10:00")
        after = calendar._timeline.table
        calendar._timeline.extend(before, utc("2026-06-01 00:00") - EPOCH, HOUR)
        assert calendar._timeline.table is after

    def test_threads(self):
        for minute in range(10, 15):
            calendar = Calendar("Europe/Paris", {"mon-fri": [("09:00", f"17:{minute}")]})
            starts = [utc(f"{year}-05-01 00:00") for year in (2026, 2012, 2040, 2020, 2033)]
            with ThreadPoolExecutor(6) as pool:
                due = list(pool.map(calendar.add, starts * 4, [100 * HOUR] * 20))
            assert due == [calendar.add(start, 100 * HOUR) for start in starts * 4]


def yearly(at: datetime) -> list[Span]:
    """The way from June 2026 to an instant, cut into pieces of a year."""
    start, end = sorted([utc("2026-06-01 00:00"), at])
    cuts = [start]
    while cuts[-1] + timedelta(days=365) < end:
        cuts.append(cuts[-1] + timedelta(days=365))
    cuts.append(end)
    return [Span(*pair) for pair in pairwise(cuts)]
