"""What is new about a ticket: two readings of its row, told as events."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.core.exceptions import FieldDoesNotExist, ObjectDoesNotExist, ValidationError
from django.db.models import Model, prefetch_related_objects

from django_sla.core.clock import Lifecycle
from django_sla.core.condition import MISSING
from django_sla.core.event import Category, Event, Kind
from django_sla.core.policy import Terms, choose
from django_sla.exceptions import ContradictedTimestamp
from django_sla.flow.lock import Row
from django_sla.flow.refresh import Columns
from django_sla.introspect import concrete_field
from django_sla.tables import terms as terms_table
from django_sla.tables.columns import COLUMNS, TARGETS
from django_sla.tables.effective import Policies
from django_sla.tables.effective import policies as in_force
from django_sla.tables.event import SLAEvent

if TYPE_CHECKING:
    from django_sla.ticket.declaration import SLA


class FactsOf(dict[str, Any]):
    """A ticket as conditions ask for it, each field read once. A path takes at most one step
    across a relation; a relation that points to nothing has nothing in its fields."""

    def __init__(self, ticket: Model):
        super().__init__()
        self.ticket = ticket

    def __missing__(self, path: str) -> Any:
        self[path] = value = self._read(path)
        return value

    def _read(self, path: str) -> Any:
        name, _, rest = path.partition("__")
        if not rest:
            return _value_of(self.ticket, name)
        try:
            related = getattr(self.ticket, name, MISSING)
        except ObjectDoesNotExist:  # a key without a row, where no constraint forbids it
            return None
        return None if related is None else _value_of(related, rest)


def _value_of(row: Any, name: str) -> Any:
    """A field's value as the database has it, of a foreign key the key; or that of a property."""
    try:
        found = row._meta.get_field(name)
    except (AttributeError, FieldDoesNotExist):
        return getattr(row, name, MISSING)
    value = getattr(row, getattr(found, "attname", name))
    try:
        return found.to_python(value)
    except (AttributeError, ValidationError):
        return value  # no column, or not what the column takes, which the database will say


@dataclass(frozen=True, kw_only=True)
class Observer:
    """Who looks, and when."""

    sla: "SLA"
    now: datetime
    actor_id: Any
    using: str
    known: Policies | None = None
    """The policies in force, where somebody has read them already."""
    pinned: set[str] = field(default_factory=set)
    """Fingerprints whose rows this observer has seen to."""
    writes: bool = True
    """False for one who only asks what would be recorded."""

    @cached_property
    def policies(self) -> Policies:
        """The policies in force; asked for when they are first needed."""
        return self.known or in_force(self.using)

    def row(self, ticket: Model) -> Row:
        """What an instance says of the fields that matter."""
        return self.sla.row(ticket, self.policies.fields)

    def look_around(self, tickets: Sequence[Model]) -> None:
        """Fetch what conditions read of the tickets' relations: a query for each relation, where
        choosing would take one for each ticket."""
        names = {path.partition("__")[0] for path in self.policies.fields if "__" in path}
        fields = (concrete_field(self.sla.model, name) for name in sorted(names))
        related = [field.name for field in fields if field is not None and field.remote_field]
        if related:
            prefetch_related_objects(tickets, *related)

    def opening(self, ticket: Model, row: Row, given: Columns) -> list[SLAEvent]:
        """The facts of a ticket seen for the first time, its ``row`` as it stands."""
        sla = self.sla
        at = row["created_at"] or self.now
        status, priority = sla.status_of(row), sla.priority_of(row)
        news = [
            self._told(
                Kind.OPENED,
                at,
                priority=sla.priority_name(priority),
                terms=self.choose(ticket, at),
                to=_text(status),
                value=_text(priority),
            )
        ]
        category = sla.category(status)
        if category is Category.PAUSED:
            news.append(self._moved(at, category, "", _text(status)))
        elif category is not Category.OPEN:
            news += self._finished(Category.OPEN, category, given, "", _text(status))
        return news + self._timestamps(given, None) + self._targets(ticket, given)

    def changes(
        self,
        ticket: Model,
        before: Row,
        after: Row,
        given: Columns,
        lifecycle: Lifecycle,
        first: SLAEvent,
    ) -> list[SLAEvent]:
        """The facts that lie between two readings of a row.

        ``given`` holds the SLA columns that somebody wrote by hand, ``first`` the event that
        opened the ticket. Terms come before moves: stopped clocks are not judged anew.

        What a row says now is the latest word, even where this writer read the clock before
        another one whose lock it then had to wait for.
        """
        later = self.after(lifecycle)
        if later is not self:
            return later.changes(ticket, before, after, given, lifecycle, first)
        sla = self.sla
        news = []
        if given.get("created_at"):
            news.append(
                self._told(
                    Kind.OPENED,
                    given["created_at"],
                    priority=first.data.get("priority"),
                    terms=terms_table.read([first.terms_id], self.using).get(first.terms_id or ""),
                    to=first.data.get("to", ""),
                    value=first.data.get("value", ""),
                )
            )
        news += self._terms(ticket, before, after, lifecycle)
        news += self._targets(ticket, given)
        old, new = sla.status_of(before), sla.status_of(after)
        if old != new:
            news += self._finished(
                sla.category(old), sla.category(new), given, _text(old), _text(new)
            )
        return news + self._timestamps(given, None if old != new else sla.category(new))

    def after(self, lifecycle: Lifecycle) -> "Observer":
        """This observer, who looks no earlier than the latest word on how the ticket stands."""
        if lifecycle.stated_at is None or lifecycle.stated_at <= self.now:
            return self
        return replace(self, now=lifecycle.stated_at, known=self.policies)

    def choose(self, ticket: Model, at: datetime) -> Terms:
        """The terms for a ticket as it stands, by the policies that are effective at that
        instant; their row is written where it is missing, unless this observer writes nothing."""
        policy = choose(self.policies.all, FactsOf(ticket), at)
        assert policy is not None, "the built-in one is for every ticket"
        if policy.terms.fingerprint not in self.pinned:
            if self.writes:
                terms_table.pin(policy.terms, self.using)
            self.pinned.add(terms_table.know(policy.terms))
        return policy.terms

    def _terms(
        self, ticket: Model, before: Row, after: Row, lifecycle: Lifecycle
    ) -> Iterator[SLAEvent]:
        sla = self.sla
        old, new = sla.priority_of(before), sla.priority_of(after)
        if old != new:
            yield self._told(
                Kind.PRIORITY_CHANGED,
                self.now,
                priority=sla.priority_name(new),
                terms=self.choose(ticket, self.now),
                **{"from": _text(old), "to": _text(new)},
            )
        elif any(before[name] != after[name] for name in self._triggers(before)):
            terms = self.choose(ticket, self.now)
            if terms != lifecycle.terms:
                yield self._told(
                    Kind.TERMS_CHANGED,
                    self.now,
                    terms=terms,
                    **{
                        "from": lifecycle.terms.name if lifecycle.terms else "",
                        "to": terms.name,
                    },
                )

    def _triggers(self, before: Row) -> Iterator[str]:
        """The fields whose change makes policies be chosen again. One that a policy reads since
        the row was read is for the next change."""
        names = self.sla.policy_fields(self.policies.fields)
        return (name for name in names if name in before)

    def _targets(self, ticket: Model, given: Columns) -> list[SLAEvent]:
        reason = getattr(ticket, "_change_reason", None) or ""
        return [
            self.target(metric, given[column], reason)
            for column, metric in TARGETS.items()
            if column in given
        ]

    def target(self, metric: str, due: datetime | None, reason: str = "") -> SLAEvent:
        """A target set by hand, or cleared where ``due`` is None."""
        kind = Kind.TARGET_CLEARED if due is None else Kind.TARGET_SET
        return self._told(kind, self.now, metric=metric, due=due, reason=reason)

    def waiver(self, metric: str, reason: str) -> SLAEvent:
        return self._told(Kind.BREACH_WAIVED, self.now, metric=metric, reason=reason)

    def hold(self, reason: str) -> SLAEvent:
        return self._told(Kind.HELD, self.now, reason=reason)

    def release(self, reason: str = "") -> SLAEvent:
        return self._told(Kind.RELEASED, self.now, reason=reason)

    def _finished(
        self, old: Category, new: Category, given: Columns, was: str, status: str
    ) -> list[SLAEvent]:
        """A move, at the instant that host code assigned to its timestamp, or now."""
        resolved_at, closed_at = given.get("resolved_at"), given.get("closed_at")
        if new is Category.RESOLVED:
            return [self._moved(resolved_at or self.now, new, was, status)]
        if new is not Category.CLOSED:
            return [self._moved(self.now, new, was, status)]
        news = [self._moved(closed_at or self.now, new, was, status)]
        if resolved_at is not None and not old.done:
            news.insert(0, self._moved(resolved_at, Category.RESOLVED, was, status))
        return news

    def _timestamps(self, given: Columns, stays: Category | None) -> list[SLAEvent]:
        """Timestamps that host code assigned: facts at those instants. Those of a move are
        told with it; ``stays`` is the category where there is none. What a ticket that is not
        resolved says of its resolution is no fact, and will be refused."""
        news = []
        if given.get("first_responded_at"):
            news.append(self._told(Kind.AGENT_REPLIED, given["first_responded_at"]))
        if given.get("resolved_at") and stays is not None and stays.done:
            news.append(self._moved(given["resolved_at"], Category.RESOLVED, "", ""))
        if given.get("closed_at") and stays is Category.CLOSED:
            news.append(self._moved(given["closed_at"], Category.CLOSED, "", ""))
        return news

    def _moved(self, at: datetime | None, category: Category, was: str, status: str) -> SLAEvent:
        return self._told(Kind.STATUS_MOVED, at, category=category, **{"from": was, "to": status})

    def reply(self, *, at: datetime, by_agent: bool, actor_id: Any, key: str) -> SLAEvent:
        """A public message, by whoever is asked to answer or by whoever waits."""
        row: SLAEvent = self.sla.event_model.of(
            Event(kind=Kind.AGENT_REPLIED if by_agent else Kind.REQUESTER_REPLIED, at=at),
            recorded_at=self.now,
            actor_id=actor_id,
            key=key,
        )
        return row

    def _told(self, kind: Kind, at: datetime | None, **parts: Any) -> SLAEvent:
        assert at is not None
        names = ("category", "priority", "terms", "metric", "due")
        fields = {name: parts.pop(name) for name in names if name in parts}
        row: SLAEvent = self.sla.event_model.of(
            Event(kind=kind, at=at, **fields),
            recorded_at=self.now,
            actor_id=self.actor_id,
            **{name: value for name, value in parts.items() if value},
        )
        return row


def check(given: Columns, result: Columns, lifecycle: Lifecycle) -> None:
    """Refuse what was written by hand where the events say otherwise.

    Raises:
        ContradictedTimestamp: names the column, both values, and the remedy.
    """
    for column in COLUMNS:
        if column not in given or given[column] == result[column]:
            continue
        if given[column] is None and column in TARGETS:
            continue  # cleared: the computed target takes its place
        if given[column] is None and not lifecycle.category.done:
            continue  # cleared in reopening; whether it stands is for the policy to say
        raise ContradictedTimestamp(column, given[column], result[column])


def _text(value: Any) -> str:
    return "" if value is None else str(value)
