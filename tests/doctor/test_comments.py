"""Models that look like comments, and comments without an instant."""

from datetime import date
from typing import Any

import pytest
from django.db.models import QuerySet

from django_sla import registry
from django_sla.doctor import comments
from django_sla.doctor.finding import Severity
from tests.conftest import after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import ExtendedTicket

pytestmark = pytest.mark.django_db


def test_watched_comments_are_not_told() -> None:
    assert list(comments.unwatched(Ticket.sla, "default")) == []


def test_comments_that_nobody_watches(monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "watches", {})
    [found] = comments.unwatched(Ticket.sla, "default")
    assert (found.severity, found.about) == (Severity.WARNING, "desk.Ticket")
    assert found.what.startswith("desk.Comment looks like comments")
    assert found.remedy.endswith(
        'watch_comments("desk.Comment", ticket="ticket", author="author", public=…, '
        'at="created_at")'
    )


def test_beside_others_that_are_watched_it_is_a_hint(monkeypatch: Any) -> None:
    monkeypatch.setattr(comments, "watches_of", lambda sla: iter([(Ticket, None)]))
    [found] = comments.unwatched(Ticket.sla, "default")
    assert found.severity is Severity.HINT


def test_neither_tickets_nor_changelogs_nor_companions_look_like_comments(
    monkeypatch: Any,
) -> None:
    monkeypatch.setattr(registry, "watches", {})
    for sla in registry.tickets.values():
        assert {found.model for found in comments.lookalikes(sla)} <= {Comment}


def test_the_changelog_of_a_comment_model_is_no_comment(monkeypatch: Any) -> None:
    monkeypatch.setattr(registry, "watches", {})
    monkeypatch.setattr(comments.apps, "get_models", lambda: [Comment])
    assert [found.model for found in comments.lookalikes(Ticket.sla)] == [Comment]
    monkeypatch.setattr(Comment, "tracked_fields", (), raising=False)
    assert list(comments.lookalikes(Ticket.sla)) == []


def test_a_comment_on_the_parent_of_a_ticket_has_no_text_here() -> None:
    assert list(comments.lookalikes(ExtendedTicket.sla)) == []


def test_comments_without_an_instant(monkeypatch: Any, agent: Any) -> None:
    assert list(comments.instants(Ticket.sla, "default")) == []
    watch = registry.watches["desk.comment"]
    timeless = type(watch)(ticket=watch.ticket, author=watch.author, public=watch.public)
    monkeypatch.setattr(registry, "watches", {"desk.comment": timeless})
    [found] = comments.instants(Ticket.sla, "default")
    assert (found.severity, found.about) == (Severity.HINT, "desk.Comment")


def test_an_instant_that_is_none(monkeypatch: Any, agent: Any) -> None:
    [ticket] = QuerySet(Ticket).bulk_create([Ticket(created_at=after(0))])
    Comment.objects.bulk_create([Comment(ticket=ticket, author=agent, created_at=after(1))] * 1)
    assert list(comments.instants(Ticket.sla, "default")) == []
    monkeypatch.setattr(Comment, "day", date(2026, 3, 2), raising=False)
    watch = registry.watches["desk.comment"]
    by_day = type(watch)(ticket="ticket", author="author", public=watch.public, at="day")
    monkeypatch.setattr(registry, "watches", {"desk.comment": by_day})
    [found] = comments.instants(Ticket.sla, "default")
    assert found.severity is Severity.ERROR
    assert "day of" in found.what
