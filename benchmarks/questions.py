"""The same questions of business time to every library, and whether the answers are right.

Right is what the oracle of the tests says, which asks the time zone for the wall clock again and
again and shares no code with any of them. The sum that ``add`` gives is right where exactly the
amount is open until then; whether it is a closing instant or the next opening is a convention.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from itertools import accumulate, count
from random import Random
from time import process_time
from typing import Any
from zoneinfo import ZoneInfo

from benchmarks.peers import HOUR, LIBRARIES, Desk, Way, Ways, django_sla, in_bulk
from tests.core.oracle import is_open

YEAR = 2026
FIRST, LAST = datetime(YEAR, 1, 1, tzinfo=UTC), datetime(YEAR + 1, 1, 1, tzinfo=UTC)
CASES = 500
TIMED = 50
ROUNDS, AT_LEAST = 5, 0.05
STEP = timedelta(minutes=15)
"""All that opens, closes or changes the clocks here does so on one of these."""
TICK, SECOND, DAY = timedelta(microseconds=1), timedelta(seconds=1), timedelta(days=1)
CHANGES = (datetime(YEAR, 3, 8, 7, tzinfo=UTC), datetime(YEAR, 11, 1, 6, tzinfo=UTC))
"""Of the clocks in Toronto."""

Question = tuple[datetime, Any]


class Oracle:
    """Open time, added up once, step by step, over the years that answers can lie in."""

    def __init__(self, desk: Desk):
        self.first = FIRST - 7 * DAY
        steps = (LAST + 400 * DAY - self.first) // STEP
        written = desk.written
        self.open = [is_open(written, self.first + n * STEP) for n in range(steps)]
        self.before = [0, *accumulate(self.open)]

    def between(self, start: datetime, end: datetime) -> timedelta | None:
        """None where one of them lies outside these years."""
        try:
            return self._until(end) - self._until(start)
        except IndexError:
            return None

    def _until(self, instant: datetime) -> timedelta:
        steps, rest = divmod(instant - self.first, STEP)
        if steps < 0:
            raise IndexError(steps)
        return self.before[steps] * STEP + (rest if self.open[steps] else timedelta(0))


@dataclass(frozen=True, kw_only=True)
class Scene:
    """A desk, and how far apart the instants of a question are."""

    desk: Desk
    apart: timedelta
    hours: int
    """The most that is added."""
    around: tuple[datetime, ...] = ()
    """Questions begin up to a day and a half before one of these; of the whole year without."""

    @cached_property
    def oracle(self) -> Oracle:
        return Oracle(self.desk)

    def questions(self, what: str) -> list[Question]:
        random = Random(f"{self.desk.name}, {what}")
        return [self._question(what, random, n) for n in range(CASES)]

    def _question(self, what: str, random: Random, number: int) -> Question:
        """Every other one is in whole minutes, and of each of these every other in whole hours."""
        step = TICK if number % 2 else timedelta(minutes=1)
        if self.around:
            start = random.choice(self.around) - _up_to(36 * HOUR, step, random)
        else:
            start = FIRST + _up_to(LAST - FIRST, step, random)
        if what == "between":
            return start, start + _up_to(self.apart, step, random)
        most = self.hours * HOUR
        return start, HOUR + _up_to(most - HOUR, HOUR if number % 4 < 2 else step, random)

    def error(self, what: str, question: Question, answer: Any) -> timedelta | None:
        """How much open time an answer is off; None where it is not even near."""
        start, other = question
        if what == "between":
            return answer - self.oracle.between(start, other)
        counted = self.oracle.between(start, answer)
        return None if counted is None else counted - other


def _up_to(most: timedelta, step: timedelta, random: Random) -> timedelta:
    return random.randint(0, most // step) * step


def scenes() -> list[Scene]:
    import holidays

    # Some years more, because businesstimedelta looks for the next holiday until it finds one.
    dates = frozenset(holidays.Canada(subdiv="ON", years=range(YEAR - 2, YEAR + 8)))
    week, every_day = 7 * DAY, tuple(range(7))
    day, lunch = (("09:00", "17:00"),), (("09:00", "12:30"), ("13:30", "17:30"))
    night, morning, whole = (("22:00", "06:00"),), (("00:00", "08:00"),), (("00:00", "24:00"),)
    return [
        Scene(desk=Desk(name="office hours", spans=day, holidays=dates), apart=week, hours=40),
        Scene(desk=Desk(name="with lunch", spans=lunch, holidays=dates), apart=week, hours=40),
        Scene(desk=Desk(name="overnight", spans=night), apart=week, hours=40),
        Scene(
            desk=Desk(name="at clock changes", spans=morning, days=every_day),
            apart=3 * DAY,
            hours=24,
            around=CHANGES,
        ),
        Scene(
            desk=Desk(name="up to a year", spans=day, holidays=dates), apart=365 * DAY, hours=1800
        ),
        Scene(desk=Desk(name="24/7", spans=whole, days=every_day), apart=week, hours=72),
    ]


@dataclass
class Tally:
    """What came of one library's answers to one question."""

    what: str
    scene: Scene
    asked: int = 0
    cannot: int = 0
    failed: list[tuple[Question, str]] = field(default_factory=list)
    wrong: list[tuple[Question, Any, timedelta | None]] = field(default_factory=list)
    answered: list[Question] = field(default_factory=list)

    def __str__(self) -> str:
        wrong, far = len(self.wrong), len(self.far)
        counts = {
            "cannot": self.cannot,
            "failed": len(self.failed),
            "wrong": wrong,
            "by a second or more": far if far < wrong else 0,
        }
        return ", ".join(f"{n} {what}" for what, n in counts.items() if n)

    @property
    def far(self) -> list[tuple[Question, Any, timedelta | None]]:
        return [case for case in self.wrong if case[2] is None or abs(case[2]) >= SECOND]

    @property
    def near(self) -> list[tuple[Question, Any, timedelta | None]]:
        return [case for case in self.wrong if case[2] is not None and abs(case[2]) < SECOND]


def tally(scene: Scene, what: str, way: Way | None) -> Tally:
    found = Tally(what, scene)
    for question in scene.questions(what):
        found.asked += 1
        prepared = None if way is None else way.prepare(*question)
        if prepared is None:
            found.cannot += 1
            continue
        try:
            answer = way.read(way.ask(*prepared))  # type: ignore[union-attr]
        except Exception as error:  # what it raises is its answer
            found.failed.append((question, f"{type(error).__name__}: {error}"))
            continue
        found.answered.append(question)
        error = scene.error(what, question, answer)
        if error is None or abs(error) > TICK:
            found.wrong.append((question, answer, error))
    return found


def microseconds(ways: Sequence[Way], questions: Sequence[Question]) -> list[float]:
    """A question, of the processor's time."""
    return [took / len(questions) * 1e6 for took in least(*(_all(way, questions) for way in ways))]


def _all(way: Way, questions: Sequence[Question]) -> Callable[[], None]:
    prepared = [way.prepare(*question) for question in questions]
    ask = way.ask

    def work() -> None:
        for arguments in prepared:
            ask(*arguments)

    return work


def least(*works: Callable[[], Any]) -> list[float]:
    """Seconds of the processor that each took in its quickest run of ``ROUNDS`` or more; in turn,
    so that what else the machine does hits all of them alike."""
    took: list[list[float]] = [[] for _ in works]
    for work in works:
        work()  # warms up
    for _ in range(ROUNDS):
        for work, found in zip(works, took, strict=True):
            spent = 0.0
            while not spent or spent < AT_LEAST:
                begin = process_time()
                work()
                found.append(process_time() - begin)
                spent += found[-1]
    return [min(found) for found in took]


def rows() -> Iterator[dict[str, Any] | str]:
    tallies: dict[str, list[Tally]] = {}
    scenery = scenes()
    for scene in scenery:
        ours = django_sla(scene.desk)
        for what in ("add", "between"):
            tallies.setdefault("django-sla", []).append(tally(scene, what, ours[what]))
            for library, ways in LIBRARIES.items():
                way = ways(scene.desk).get(what)
                found = tally(scene, what, way)
                tallies.setdefault(library, []).append(found)
                asked = f"{scene.desk.name}, {what}: {library}"
                if way and (timed := found.answered[:TIMED]):
                    yield _row(asked, *microseconds((ours[what], way), timed), str(found))
    yield from _in_bulk(scenery[0])
    yield from _built(scenery[0])
    yield from _counted(tallies)
    yield ""
    yield "One question of each kind that was answered wrong, in local time:"
    for library, found in tallies.items():
        yield from (f"  {library}: {example}" for example in examples(found))


def _in_bulk(scene: Scene) -> Iterator[dict[str, Any]]:
    amount = 8 * HOUR
    starts = [start for start, _amount in scene.questions("add")]
    add = django_sla(scene.desk)["add"].ask
    for library, work in in_bulk(scene.desk, starts, amount).items():
        took = least(lambda: [add(start, amount) for start in starts], work)
        mine, theirs = (seconds / len(starts) * 1e6 for seconds in took)
        yield _row(f"{scene.desk.name}, add, {len(starts)} in one call: {library}", mine, theirs)


def _built(scene: Scene) -> Iterator[dict[str, Any]]:
    """What a calendar takes until its first answer: never the same twice, as it may be kept."""
    numbers = count()
    [question] = scene.questions("add")[:1]

    def first_answer(ways: Callable[[Desk], Ways], what: str) -> Callable[[], Any]:
        def work() -> Any:
            extra = FIRST.date() + timedelta(days=20_000 + next(numbers))
            way = ways(replace(scene.desk, holidays=scene.desk.holidays | {extra}))[what]
            return way.ask(*way.prepare(*question))  # type: ignore[misc]

        return work

    for library, ways in LIBRARIES.items():
        if "add" in ways(scene.desk):
            took = least(first_answer(django_sla, "add"), first_answer(ways, "add"))
            mine, theirs = (seconds * 1e6 for seconds in took)
            yield _row(f"{scene.desk.name}, add, a new calendar: {library}", mine, theirs)


def _row(what: str, ours: float, theirs: float, note: str = "") -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "baseline": theirs,
        "unit": "µs",
        "ratio": ours / theirs,
        "goal": None,
        "note": note,
    }


def _counted(tallies: dict[str, list[Tally]]) -> Iterator[str]:
    yield ""
    yield "Wrong is an answer that is more than a microsecond off."
    columns = "asked", "cannot", "failed", "answered", "wrong", "wrong by a second or more"
    yield "  ".join((f"{'':26}", *columns))
    for library, each in tallies.items():
        numbers = (
            sum(found.asked for found in each),
            sum(found.cannot for found in each),
            sum(len(found.failed) for found in each),
            sum(len(found.answered) for found in each),
            sum(len(found.wrong) for found in each),
            sum(len(found.far) for found in each),
        )
        cells = (f"{n:>{len(column)},}" for n, column in zip(numbers, columns, strict=True))
        yield "  ".join((f"{library:26}", *cells))


def examples(tallies: Sequence[Tally]) -> Iterator[str]:
    """One for each desk and question; one for each question of what is a fraction of a second."""
    told = set()
    for each in tallies:
        desk, what = each.scene.desk, each.what
        for kind, cases in (("far", each.far), (f"near, {what}", each.near)):
            if not cases or kind in told:
                continue
            if kind != "far":
                told.add(kind)
            question, answer, _error = min(cases, key=lambda case: _plainness(case[0]))
            yield f"{desk.name}, {_asked(question, desk)}: {_said(each, question, answer)}"
        if each.failed:
            question, error = min(each.failed, key=lambda case: _plainness(case[0]))
            yield f"{desk.name}, {_asked(question, desk)}: {error}"


def _plainness(question: Question) -> tuple[bool, timedelta]:
    """Whole minutes, and few of them, are the easiest to check."""
    start, other = question
    return bool(start.microsecond), other if isinstance(other, timedelta) else other - start


def _asked(question: Question, desk: Desk) -> str:
    start, other = question
    if isinstance(other, timedelta):
        return f"{_local(start, desk)} plus {other}"
    return f"{_local(start, desk)} to {_local(other, desk)}"


def _said(tally: Tally, question: Question, answer: Any) -> str:
    desk, oracle = tally.scene.desk, tally.scene.oracle
    if isinstance(answer, timedelta):
        return f"{answer}, right is {oracle.between(*question)}"
    counted = oracle.between(question[0], answer)
    return f"{_local(answer, desk)}, until which {counted} are open"


def _local(instant: datetime, desk: Desk) -> str:
    local = instant.astimezone(ZoneInfo(desk.tz)).replace(tzinfo=None)
    return f"{local:%a} {local.isoformat(' ', 'auto').removesuffix(':00')}"
