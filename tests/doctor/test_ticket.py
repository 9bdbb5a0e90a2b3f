"""One ticket: each field that is empty or odd has its reason."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db.models import QuerySet

from django_sla import registry
from django_sla.doctor import ticket as doctor
from django_sla.doctor.finding import Finding, Severity
from django_sla.doctor.ticket import Examined
from django_sla.models import Policy
from django_sla.moment import as_of
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Ticket
from tests.hosts.variety.models import BareTicket, ExtendedTicket, UUIDTicket
from tests.hosts.vendor.models import VendorFollowUp

pytestmark = pytest.mark.django_db

NOW = after(30)


def opened(model: Any = Ticket, **fields: Any) -> Any:
    with as_of(MONDAY):
        return model.objects.create(**fields)


def examined(ticket: Any) -> Examined:
    row = QuerySet(type(ticket)).get(pk=ticket.pk)
    return doctor.examine(type(ticket).sla, row, using="default", now=NOW)


def about(found: Examined, words: str) -> Finding:
    [finding] = [finding for finding in found.findings if words in finding.what]
    return finding


def whys(ticket: Any) -> dict[str, str]:
    return {comment.key.split(":")[1]: comment.why for comment in examined(ticket).comments}


def test_what_there_is_to_know_of_a_ticket(agent: Any) -> None:
    ticket = opened(priority="high")
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(2))
    found = examined(ticket)
    assert found.row["priority"] == "high"
    assert found.row["first_responded_at"] == after(2)
    assert [event.kind for event in found.events] == ["opened", "agent_replied"]
    assert [(e.metric, e.verdict.state.value) for e in found.clocks] == [
        ("response", "met"),
        ("resolution", "breached"),
    ]
    assert [trial.policy.name for trial in found.trials] == ["default"]
    assert [(comment.counts, comment.why) for comment in found.comments] == [(True, "")]
    assert found.differences == ()
    assert not any(finding.severity is Severity.ERROR for finding in found.findings)


def test_why_a_comment_is_no_response(agent: Any, requester: Any) -> None:
    ticket = opened(requester=agent)
    other = opened(requester=requester)
    said = {
        "own": Comment.objects.create(ticket=ticket, author=agent, created_at=after(1)),
        "nobody": Comment.objects.create(ticket=ticket, author=None, created_at=after(1)),
        "customer": Comment.objects.create(ticket=ticket, author=requester, created_at=after(1)),
        "internal": Comment.objects.create(
            ticket=other, author=agent, created_at=after(1), internal=True
        ),
    }
    [unheard] = Comment.objects.bulk_create(
        [Comment(ticket=other, author=agent, created_at=after(1))]
    )
    found = whys(ticket) | whys(other)
    assert found[str(said["own"].pk)] == "its author is the requester"
    assert found[str(said["nobody"].pk)] == "it has no author, so it is the requester's"
    assert found[str(said["customer"].pk)] == "its author is not staff"
    assert found[str(said["internal"].pk)].startswith("it is internal")
    assert found[str(unheard.pk)].startswith("nobody heard of it: ")
    cause = about(examined(ticket), "first_responded_at").cause
    assert f"desk.comment:{said['own'].pk}: its author is the requester; " in cause
    assert about(examined(other), "not as its events say").severity is Severity.ERROR


def test_a_rule_of_the_hosts_says_who_responds(agent: Any, monkeypatch: Any) -> None:
    ticket = opened()
    monkeypatch.setattr(Ticket.sla, "responder", lambda user, ticket: False)
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(1))
    assert list(whys(ticket).values()) == ["your rule says that its author is no responder"]


def test_a_comment_that_was_public_and_one_from_before_the_ticket(agent: Any) -> None:
    ticket = opened()
    was = Comment.objects.create(ticket=ticket, author=agent, created_at=after(1))
    Comment.objects.filter(pk=was.pk).update(internal=True)
    early = Comment.objects.create(ticket=ticket, author=agent, created_at=after(-1))
    found = {comment.key: comment for comment in examined(ticket).comments}
    assert found[f"desk.comment:{was.pk}"].counts
    assert "was public" in found[f"desk.comment:{was.pk}"].why
    assert found[f"desk.comment:{early.pk}"].counts
    assert "counts as of the opening" in found[f"desk.comment:{early.pk}"].why


def test_a_comment_that_nobody_heard_of_and_without_an_instant(
    agent: Any, monkeypatch: Any
) -> None:
    ticket = opened()
    Comment.objects.bulk_create([Comment(ticket=ticket, author=agent, created_at=after(1))])
    watch = registry.watches["desk.comment"]
    timeless = type(watch)(ticket=watch.ticket, author=watch.author, public=watch.public)
    monkeypatch.setattr(registry, "watches", {"desk.comment": timeless})
    assert list(whys(ticket).values()) == [
        "nobody heard of it, and no field says when it was written: save it"
    ]
    assert examined(ticket).differences == ()


def test_comments_that_nobody_watches(agent: Any, monkeypatch: Any) -> None:
    ticket = opened()
    Comment.objects.create(ticket=ticket, author=agent, created_at=after(1))
    QuerySet(Ticket).update(first_responded_at=None)
    monkeypatch.setattr(registry, "watches", {})
    found = about(examined(ticket), "1 rows of desk.Comment")
    assert found.severity is Severity.WARNING
    assert 'watch_comments("desk.Comment"' in found.remedy
    silent = examined(opened())
    assert not any("desk.Comment" in finding.what for finding in silent.findings)
    assert about(examined(ticket), "first_responded_at is empty").cause.startswith(
        "There is no comment"
    )


def test_a_comment_on_the_parent(agent: Any) -> None:
    ticket = opened(ExtendedTicket, subject="A child")
    VendorFollowUp.objects.create(ticket_id=ticket.pk, user=agent, public=True, date=after(1))
    assert [comment.counts for comment in examined(ticket).comments] == [True]


def test_why_a_target_is_empty() -> None:
    Policy.objects.create(name="Ops", goals={"high": {"response": "1h"}})
    found = examined(opened(priority="low"))
    response = about(found, "response_target is empty")
    assert response.severity is Severity.WARNING
    assert response.cause == (
        "The policy 'Ops' has no goal for the priority 'low'; it has some for 'high'."
    )
    resolution = about(found, "resolution_target is empty")
    assert resolution.severity is Severity.HINT
    assert "'Ops' promises no resolution at any priority" in resolution.cause


def test_a_clock_for_which_no_policy_was_chosen() -> None:
    """Something was written past the SLA."""
    ticket = opened()
    ticket.sla_events.update(terms=None)
    ticket.sla_clocks.update(terms=None)
    QuerySet(Ticket).filter(pk=ticket.pk).update(response_target=None)
    found = about(examined(ticket), "response_target is empty")
    assert (found.severity, found.cause) == (Severity.WARNING, "No policy was for this ticket.")
    assert found.remedy == "python manage.py sla_recalculate"
    call_command("sla_recalculate", stdout=StringIO())
    ticket.refresh_from_db()
    assert ticket.response_target is not None


def test_a_ticket_that_nobody_adopted_yet() -> None:
    [ticket] = QuerySet(Ticket).bulk_create([Ticket(created_at=MONDAY)])
    found = about(examined(ticket), "It has no events")
    assert found.severity is Severity.WARNING
    assert found.remedy == f"python manage.py sla_reconcile --model desk.Ticket {ticket.pk}"


def test_a_ticket_that_is_not_as_its_events_say() -> None:
    ticket = opened()
    QuerySet(Ticket).filter(pk=ticket.pk).update(status="resolved", response_target=None)
    found = examined(ticket)
    wrong = about(found, "not as its events say")
    assert (wrong.severity, wrong.about) == (Severity.ERROR, f"desk.Ticket {ticket.pk}")
    assert {"status", "response_target"} <= {difference.what for difference in found.differences}
    assert not any("by now" in finding.what for finding in found.findings), "not mapped anew"


def test_events_and_clocks_that_cannot_be_read() -> None:
    ticket = opened()
    ticket.sla_clocks.filter(metric="response").update(pauses=["forged"])
    ticket.sla_events.update(kind="exploded")
    found = examined(ticket)
    assert about(found, "cannot be replayed").severity is Severity.ERROR
    assert about(found, "clock response 1 cannot be read").severity is Severity.ERROR
    assert [explanation.metric for explanation in found.clocks] == ["resolution"]


def test_a_status_that_nobody_mapped() -> None:
    found = about(examined(opened(UUIDTicket, status="parked")), "'parked' means")
    assert found.severity is Severity.WARNING


def test_a_status_that_was_mapped_anew(monkeypatch: Any) -> None:
    ticket = opened(status="working")
    monkeypatch.setitem(Ticket.sla._folded, "working", Ticket.sla.category("pending"))
    found = about(examined(ticket), "means paused by now; when it was recorded it meant open")
    assert found.severity is Severity.HINT


def test_a_ticket_that_somebody_takes_for_done() -> None:
    found = about(examined(opened(UUIDTicket, status="finished")), "resolved_at is empty")
    assert found.cause == "The status 'finished' means open."
    closed = about(examined(opened(status="resolved")), "closed_at is empty")
    assert closed.cause == "The status 'resolved' means resolved."
    done = examined(opened(status="closed")).findings
    assert [finding.what for finding in done] == ["first_responded_at is empty."]


def test_a_ticket_without_a_status_is_asked_nothing_about_it() -> None:
    found = examined(opened(BareTicket))
    assert not any("status" in f.what or "resolved_at" in f.what for f in found.findings)
    response = about(found, "response_target is empty")
    assert "has no goal for the priority 'none'; it has some for 'high', 'low'," in response.cause


def test_a_ticket_that_would_come_to_other_terms_now() -> None:
    ticket = opened()
    Policy.objects.create(name="Ops", goals={"*": {"response": "1h"}})
    found = about(examined(ticket), "chosen now, they would be those of 'Ops'")
    assert found.remedy == "python manage.py sla_recalculate --dry-run"
