"""What a report must say of an incident log, worked out from the records themselves.

Plain Python on purpose: nothing here comes from Django or from the package, and the arithmetic is
its own. An incident log is a CSV file with one row for each change of an incident, times local to
the desk.

    python tests/oracle_incidents.py incident_event_log.csv [office]
"""

import csv
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from statistics import median
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("America/Sao_Paulo")
ZERO = timedelta(0)
NEVER = datetime.min.replace(tzinfo=UTC)
FOREVER = datetime.max.replace(tzinfo=UTC)

GOALS = {
    "urgent": {"response": timedelta(hours=1), "resolution": timedelta(hours=4)},
    "high": {"response": timedelta(hours=4), "resolution": timedelta(hours=8)},
    "medium": {"response": timedelta(hours=8), "resolution": timedelta(hours=24)},
    "low": {"response": timedelta(hours=24), "resolution": timedelta(hours=72)},
}
AT_RISK = 0.75

PRIORITIES = {
    "1 - Critical": "urgent",
    "2 - High": "high",
    "3 - Moderate": "medium",
    "4 - Low": "low",
}
DONE = ("Resolved", "Closed")


def paused(state: str) -> bool:
    return state.startswith("Awaiting ")


# Calendars


class AroundTheClock:
    """Open all the time."""

    def openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        """Opening hours that end after ``start``, in order, as instants in UTC."""
        yield start, FOREVER

    def between(self, start: datetime, end: datetime) -> timedelta:
        total = ZERO
        for opens, closes in self.openings(start):
            if opens >= end:
                break
            total += min(closes, end) - max(opens, start)
        return total

    def add(self, start: datetime, left: timedelta) -> datetime:
        """The earliest instant by which ``left`` (more than nothing) of open time has passed."""
        for opens, closes in self.openings(start):
            opens = max(opens, start)
            if closes - opens >= left:
                return opens + left
            left -= closes - opens
        raise AssertionError("never open")


class OfficeHours(AroundTheClock):
    """Monday to Friday, 08:00 to 18:00 by the clock on the wall. The desk's zone changes its
    clocks at midnight, so ten hours on the wall are ten hours."""

    def openings(self, start: datetime) -> Iterator[tuple[datetime, datetime]]:
        day = start.astimezone(ZONE).date()
        while True:
            if day.weekday() < 5:
                opens, closes = (
                    datetime.combine(day, time(hour), ZONE).astimezone(UTC) for hour in (8, 18)
                )
                if closes > start:
                    yield opens, closes
            day += timedelta(days=1)


# The records


@dataclass(frozen=True)
class Change:
    at: datetime
    state: str
    priority: str
    agent: str
    department: str
    """Both as last known by then; empty where there was none."""


@dataclass(frozen=True)
class Incident:
    """The records of one incident, its times in UTC."""

    number: str
    created: datetime
    priority: str
    """At first."""
    changes: tuple[Change, ...]
    answered: int | None
    """Which of the changes came with the first public reply."""
    agent: str
    department: str
    """Both the last known; empty where there was none."""


def read(lines: Iterable[str]) -> list[Incident]:
    """The incidents of a CSV file, in the order in which they begin there."""
    rows = defaultdict(list)
    for row in csv.DictReader(lines):
        rows[row["number"]].append(row)
    return [incident(number, found) for number, found in rows.items()]


def incident(number: str, rows: list[dict[str, str]]) -> Incident:
    rows = sorted(rows, key=lambda row: instant(row["sys_updated_at"]))
    agents = known_by_then(row["assigned_to"] for row in rows)
    departments = known_by_then(row["assignment_group"] for row in rows)
    created = instant(rows[0]["opened_at"])
    states = [row["incident_state"] for row in rows]
    return Incident(
        number=number,
        created=created,
        priority=PRIORITIES[rows[0]["priority"]],
        changes=tuple(
            Change(
                at=max(instant(row["sys_updated_at"]), created),
                state=row["incident_state"],
                priority=PRIORITIES[row["priority"]],
                agent=agent,
                department=department,
            )
            for row, agent, department in zip(rows, agents, departments, strict=True)
        ),
        answered=next(
            (states.index(state) for state in ("Active", "Resolved") if state in states), None
        ),
        agent=agents[-1],
        department=departments[-1],
    )


def instant(text: str) -> datetime:
    """Of an hour that the clocks show twice, the first time."""
    local = datetime.strptime(text, "%d-%m-%Y %H:%M").replace(tzinfo=ZONE)
    return local.astimezone(UTC)


def known_by_then(values: Iterable[str]) -> list[str]:
    found, last = [], ""
    for value in values:
        last = last if value == "?" else value
        found.append(last)
    return found


# Clocks


@dataclass
class Stopwatch:
    """One promise: the spans in which time ran, and when it was kept."""

    metric: str
    priority: str
    started: datetime
    running: datetime | None
    """Since when; None while it stands still."""
    ran: list[tuple[datetime, datetime]] = field(default_factory=list)
    stopped: datetime | None = None

    def halt(self, at: datetime) -> None:
        if self.running is not None:
            self.ran.append((self.running, at))
            self.running = None

    def go_on(self, at: datetime) -> None:
        self.stopped = None
        self.running = self.running or at

    def stop(self, at: datetime) -> None:
        if self.stopped is None:
            self.halt(at)
            self.stopped = at

    def reaches(self, goal: timedelta, calendar: AroundTheClock) -> datetime:
        """When the time that ran is ``goal``; as though it ran on from where it stands still."""
        for start, end in self.ran:
            ran = calendar.between(start, end)
            if ran >= goal:
                return calendar.add(start, goal)
            goal -= ran
        start = self.running or self.ran[-1][1]
        return calendar.add(self.stopped or start, goal)

    def judge(self, calendar: AroundTheClock, now: datetime) -> "Judgement":
        goal = GOALS[self.priority][self.metric]
        target = self.reaches(goal, calendar)
        elapsed = sum((calendar.between(*span) for span in self.ran), ZERO)
        if self.stopped is not None:
            state = "met" if self.stopped <= target else "missed"
            return Judgement(state, target, target, elapsed, self.stopped - self.started)
        if self.running is None and (not self.ran or self.ran[-1][1] < target):
            return Judgement("paused", target, None, None, None)
        if now > target:
            state = "breached"
        else:
            state = "at_risk" if now >= self.reaches(goal * AT_RISK, calendar) else "on_track"
        return Judgement(state, target, target, None, None)


@dataclass(frozen=True)
class Judgement:
    state: str
    """``met``, ``missed``, ``breached``, ``paused``, ``at_risk`` or ``on_track``."""
    target: datetime
    """What the ticket shows."""
    due: datetime | None
    """None while it is paused before that."""
    elapsed: timedelta | None
    """None while it is open."""
    wall: timedelta | None
    """From start to stop by the clock on the wall; None while it is open."""


@dataclass(frozen=True)
class Life:
    """What became of one incident."""

    incident: Incident
    priority: str
    """At last."""
    first_responded: datetime | None
    resolved: datetime | None
    closed: datetime | None
    response: Judgement
    resolution: Judgement
    stays: tuple[tuple[str, timedelta], ...]
    """The states in order, and how long each stay lasted."""
    reopened: bool
    end: datetime
    """Of its time: closed, else resolved, else now."""


def live(incident: Incident, calendar: AroundTheClock, now: datetime) -> Life:
    """Play one incident up to ``now``, which is later than its last change."""
    created = incident.created
    response = Stopwatch("response", incident.priority, created, running=created)
    resolution = Stopwatch("resolution", incident.priority, created, running=created)
    state, priority = "New", incident.priority
    answered = resolved = closed = None
    moves = [(created, state)]
    reopened = False

    for index, change in enumerate(incident.changes):
        at, priority = change.at, change.priority
        for watch in (response, resolution):
            if watch.stopped is None:
                watch.priority = priority
        if index == incident.answered:
            answered = at
            response.stop(at)
        if change.state == state:
            continue

        was, state = state, change.state
        moves.append((at, state))
        closed = at if state == "Closed" else None
        if state in DONE:
            resolved = resolved or at
            response.stop(at)
            resolution.stop(at)
            continue
        resolved = None
        reopened = reopened or was in DONE
        if was in DONE and answered is None:
            response.go_on(at)
            response.priority = priority
        if was in DONE:
            resolution.go_on(at)
            resolution.priority = priority
        if paused(state):
            resolution.halt(at)
        else:
            resolution.go_on(at)

    ends = [at for at, _ in moves[1:]] + [moves[-1][0] if state == "Closed" else now]
    return Life(
        incident=incident,
        priority=priority,
        first_responded=answered,
        resolved=resolved,
        closed=closed,
        response=response.judge(calendar, now),
        resolution=resolution.judge(calendar, now),
        stays=tuple((name, end - at) for (at, name), end in zip(moves, ends, strict=True)),
        reopened=reopened,
        end=closed or resolved or now,
    )


# Reports


@dataclass(frozen=True)
class Times:
    average: timedelta | None
    median: timedelta | None
    p90: timedelta | None
    p95: timedelta | None


@dataclass(frozen=True)
class Figures:
    """One metric in one row; ``percent`` of those met, and the times of those that stopped."""

    met: int
    missed: int
    breached: int
    percent: float | None
    counted: Times
    wall: Times


@dataclass(frozen=True)
class Row:
    tickets: int
    average: timedelta | None
    """From opening to closing, else to the resolution, else to now."""
    open: int
    reopened: int
    response: Figures
    resolution: Figures
    breached: int
    at_risk: int


OF_INCIDENTS: Mapping[str, Callable[[Life], str]] = {
    "priority": lambda life: life.priority,
    "agent": lambda life: life.incident.agent,
    "department": lambda life: life.incident.department,
}
OF_DAYS: Mapping[str, Callable[[datetime], str]] = {
    "day": lambda day: f"{day:%Y-%m-%d}",
    "week": lambda day: f"{day:%G-W%V}",
    "month": lambda day: f"{day:%Y-%m}",
    "quarter": lambda day: f"{day:%Y}-Q{1 + (day.month - 1) // 3}",
}

Clocks = dict[str, Judgement]
Period = tuple[datetime, datetime]
Group = tuple[str, ...]


def report(
    lives: list[Life],
    by: Group,
    now: datetime,
    *,
    policy: str = "",
    period: Period = (NEVER, FOREVER),
) -> dict[Group, Row]:
    """Rows by the names of the group, one for each name in ``by``: a key of ``OF_INCIDENTS`` or
    ``OF_DAYS``, or ``policy``, which all incidents are under. One row where ``by`` is empty.

    Incidents are in the period of their opening, and clocks in that of their due instant; those
    that are on their way or paused are in none.
    """

    def group(life: Life, at: datetime) -> Group:
        found = {"policy": policy}
        found |= {name: of(life) for name, of in OF_INCIDENTS.items()}
        found |= {name: of(at.astimezone(ZONE)) for name, of in OF_DAYS.items()}
        return tuple(found[name] for name in by)

    opened = defaultdict(list)
    due: dict[Group, dict[str, Clocks]] = defaultdict(lambda: defaultdict(dict))
    for life in lives:
        created = life.incident.created
        if period[0] <= created < period[1]:
            opened[group(life, created)].append(life)
        for metric, found in (("response", life.response), ("resolution", life.resolution)):
            if found.due is None or found.state == "on_track":
                continue
            if period[0] <= found.due < period[1]:
                due[group(life, found.due)][life.incident.number][metric] = found
    return {
        names: row(opened[names], list(due[names].values()), now)
        for names in {*opened, *due} | ({()} if not by else set())
    }


def row(opened: list[Life], due: list[Clocks], now: datetime) -> Row:
    spent = [(life.closed or life.resolved or now) - life.incident.created for life in opened]

    def tickets_with(state: str) -> int:
        return sum(any(found.state == state for found in clocks.values()) for clocks in due)

    def figures(metric: str) -> Figures:
        found = [clocks[metric] for clocks in due if metric in clocks]
        states = [judgement.state for judgement in found]
        met, missed, breached = map(states.count, ("met", "missed", "breached"))
        judged = met + missed + breached
        return Figures(
            met=met,
            missed=missed,
            breached=breached,
            percent=100 * met / judged if judged else None,
            counted=times([judgement.elapsed for judgement in found]),
            wall=times([judgement.wall for judgement in found]),
        )

    return Row(
        tickets=len(opened),
        average=mean(spent),
        open=sum(life.resolved is None and life.closed is None for life in opened),
        reopened=sum(life.reopened for life in opened),
        response=figures("response"),
        resolution=figures("resolution"),
        breached=tickets_with("breached"),
        at_risk=tickets_with("at_risk"),
    )


def times(lasted: Iterable[timedelta | None]) -> Times:
    known = sorted(time for time in lasted if time is not None)
    return Times(
        average=mean(known),
        median=median(known) if known else None,
        p90=nearest_rank(known, 90),
        p95=nearest_rank(known, 95),
    )


def nearest_rank(ordered: list[timedelta], percent: int) -> timedelta | None:
    """The first that at least so many percent of all are not longer than."""
    for place, value in enumerate(ordered, start=1):
        if 100 * place >= percent * len(ordered):
            return value
    return None


def mean(durations: list[timedelta]) -> timedelta | None:
    return sum(durations, ZERO) / len(durations) if durations else None


@dataclass(frozen=True)
class Stay:
    tickets: int
    average: timedelta
    total: timedelta


def by_status(lives: list[Life], name: Callable[[str], str] = str) -> dict[str, Stay]:
    """Time in each state, of the incidents that ever were in it.

    Nothing for the state in which one was closed for good. ``name`` gives the name under which
    a state is reported, one for several if need be.
    """
    return added_up([[(name(state), stayed) for state, stayed in life.stays] for life in lives])


def by_holder(lives: list[Life], held: Callable[[Change], str]) -> dict[str, Stay]:
    """Time with each agent, or department, of the incidents that ever were there."""
    found = []
    for life in lives:
        changes = life.incident.changes
        turns = [(life.incident.created, held(changes[0]))]
        turns += [(min(change.at, life.end), held(change)) for change in changes[1:]]
        ends = [at for at, _ in turns[1:]] + [life.end]
        found.append([(who, end - at) for (at, who), end in zip(turns, ends, strict=True)])
    return added_up(found)


def added_up(lives: list[list[tuple[str, timedelta]]]) -> dict[str, Stay]:
    found: dict[str, list[timedelta]] = defaultdict(list)
    for stays in lives:
        spent: dict[str, timedelta] = defaultdict(timedelta)
        for name, stayed in stays:
            spent[name] += stayed
        for name, total in spent.items():
            found[name].append(total)
    return {
        name: Stay(len(spent), sum(spent, ZERO) / len(spent), sum(spent, ZERO))
        for name, spent in found.items()
    }


def main(path: str, calendar: str = "always") -> None:
    now = datetime(2017, 3, 1, tzinfo=UTC)
    with Path(path).open(encoding="utf-8", newline="") as lines:
        incidents = read(lines)
    hours = OfficeHours() if calendar == "office" else AroundTheClock()
    lives = [live(incident, hours, now) for incident in incidents]
    for by in (("priority",), ("month",), ("priority", "quarter"), ()):
        for names, found in sorted(report(lives, by, now).items()):
            print(*by, *names, found)
    for name, stay in by_status(lives).items():
        print("status", name, stay)


if __name__ == "__main__":
    main(*sys.argv[1:])
