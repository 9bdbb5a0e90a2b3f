"""django-helpdesk as it is installed, driven through its own forms, views, API and commands."""

import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.management import call_command
from django.db.models import QuerySet
from django.urls import reverse
from helpdesk.email import extract_email_metadata
from helpdesk.models import FollowUp, Queue, Ticket, TicketChange
from support.models import SupportTicket

import django_sla

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
CHECKOUT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def clock():
    """Monday morning; `clock.shift(HOUR)` lets time pass."""
    with time_machine.travel(MONDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def queue(db):
    return Queue.objects.create(
        title="Support",
        slug="support",
        allow_public_submission=True,
        allow_email_submission=True,
        email_address="support@example.com",
    )


@pytest.fixture
def key_accounts(db):
    return Queue.objects.create(
        title="Key accounts", slug="key-accounts", allow_public_submission=True
    )


@pytest.fixture
def agent(db):
    return User.objects.create_superuser("agent", "agent@example.com", "secret")


@pytest.fixture
def desk(client, agent):
    """A browser in which the agent is logged in."""
    client.force_login(agent)
    return client


@pytest.fixture
def ticket(queue):
    """A ticket that came by mail."""
    return mail(queue, "Printer on fire", "It burns.", message_id="<1@example.com>")


def letter(queue, subject, text, *, message_id, **headers):
    """A message from a customer as a mail server hands it over."""
    lines = [
        "From: Carla Customer <carla@example.com>",
        f"To: {queue.email_address}",
        f"Subject: {subject}",
        f"Message-ID: {message_id}",
        *(f"{name}: {value}" for name, value in headers.items()),
        "Content-Type: text/plain; charset=utf-8",
    ]
    return "\n".join([*lines, "", text])


def mail(*args, **kwargs):
    """What helpdesk does with each message that it fetches."""
    queue = args[0]
    return extract_email_metadata(letter(*args, **kwargs), queue, logging.getLogger(__name__))


def form(queue, **more):
    """What both forms for a new ticket send."""
    return {
        "queue": queue.pk,
        "title": "Printer on fire",
        "body": "It burns.",
        "priority": 3,
        "submitter_email": "carla@example.com",
        **more,
    }


def update(desk, ticket, **more):
    """The form on helpdesk's page of a ticket."""
    ticket.refresh_from_db()
    sent = form(ticket.queue, title=ticket.title, priority=ticket.priority, body="")
    response = desk.post(reverse("helpdesk:update", args=[ticket.pk]), sent | more)
    assert response.status_code == 302, response.context["form"].errors


def supported(ticket):
    return SupportTicket.objects.get(pk=ticket.pk)


def newest():
    return SupportTicket.objects.latest("pk")


def told(ticket):
    """The kinds of the events of a ticket, in their order."""
    return [entry.kind for entry in supported(ticket).sla.timeline()]


# The project


def test_the_package_is_the_installed_one():
    package = Path(django_sla.__file__).parent
    assert package.parent.name == "site-packages"
    assert package != CHECKOUT / "django_sla"


def test_the_migrations_are_complete(db):
    call_command("makemigrations", check=True, dry_run=True)


@pytest.mark.django_db(transaction=True)
def test_the_migrations_go_back_and_forth():
    call_command("migrate", "support", "zero", verbosity=0)
    call_command("migrate", verbosity=0)


def test_nothing_is_wrong_with_the_project(db):
    call_command("check", fail_level="WARNING")


# New tickets


def test_a_ticket_of_the_public_form_has_targets(client, queue):
    client.post(reverse("helpdesk:submit"), form(queue, priority=1))
    ticket = newest()
    assert ticket.title == "Printer on fire"
    assert ticket.response_target == MONDAY + HOUR
    assert ticket.resolution_target == MONDAY + 4 * HOUR


def test_a_ticket_of_the_staff_form_waits_for_an_answer(desk, queue):
    desk.post(reverse("helpdesk:submit"), form(queue, priority=2))
    ticket = newest()
    assert ticket.followup_set.get().user == User.objects.get()
    assert ticket.response_target == MONDAY + 4 * HOUR
    assert ticket.first_responded_at is None


def test_a_ticket_of_the_api_has_targets(desk, queue):
    sent = {"queue": queue.pk, "title": "By API", "description": "Beep", "priority": 4}
    response = desk.post("/helpdesk/api/tickets/", sent, content_type="application/json")
    assert response.status_code == 201, response.content
    assert newest().resolution_target == MONDAY + 72 * HOUR


def test_a_ticket_of_an_e_mail_has_targets(queue):
    mail(queue, "Printer on fire", "It burns.", message_id="<1@example.com>", Importance="high")
    ticket = newest()
    assert ticket.priority == 2
    assert ticket.resolution_target == MONDAY + 8 * HOUR


@pytest.mark.django_db(transaction=True)
def test_helpdesk_s_command_fetches_tickets_outside_a_transaction(queue, tmp_path, clock):
    Queue.objects.update(email_box_type="local", email_box_local_dir=str(tmp_path))
    (tmp_path / "1").write_text(letter(queue, "Help", "It burns.", message_id="<1@example.com>"))
    call_command("get_email")
    clock.shift(HOUR)
    again = f"Re: {newest().ticket} Help"
    (tmp_path / "2").write_text(letter(queue, again, "Still.", message_id="<2@example.com>"))
    call_command("get_email")
    assert newest().resolution_target == MONDAY + 24 * HOUR
    assert told(newest()) == ["opened", "requester_replied"]


@pytest.mark.parametrize(
    ("priority", "hours"), [(1, 1), (2, 4), (3, 8), (4, 24), (5, 48)], ids=lambda value: str(value)
)
def test_each_priority_of_helpdesk_has_its_goal(client, queue, priority, hours):
    client.post(reverse("helpdesk:submit"), form(queue, priority=priority))
    assert newest().response_target == MONDAY + hours * HOUR


def test_a_queue_has_a_policy_of_its_own(client, desk, queue, key_accounts):
    client.post(reverse("helpdesk:submit"), form(key_accounts))
    ticket = newest()
    assert ticket.sla.pinned().terms.name == "Key accounts"
    assert ticket.resolution_target == MONDAY + 8 * HOUR
    update(desk, ticket, queue=queue.pk)
    ticket.refresh_from_db()
    assert ticket.resolution_target == MONDAY + 24 * HOUR


# Answers


def test_a_public_follow_up_of_an_agent_is_the_first_response(desk, agent, ticket, clock):
    clock.shift(HOUR)
    update(desk, ticket, comment="Pour water on it.", public=1)
    assert supported(ticket).first_responded_at == MONDAY + HOUR
    assert supported(ticket).sla.response.state == "met"
    assert [entry.actor for entry in supported(ticket).sla.timeline()] == [None, agent]


def test_a_private_follow_up_is_no_response(desk, ticket, clock):
    clock.shift(HOUR)
    update(desk, ticket, comment="Does anybody have water?")
    assert FollowUp.objects.latest("pk").comment == "Does anybody have water?"
    assert supported(ticket).first_responded_at is None


def test_it_is_one_when_it_is_made_public(desk, ticket, clock):
    clock.shift(HOUR)
    update(desk, ticket, comment="Pour water on it.")
    clock.shift(HOUR)
    followup = FollowUp.objects.latest("pk")
    page = reverse("helpdesk:followup_edit", args=[ticket.pk, followup.pk])
    sent = {"title": "Comment", "ticket": ticket.pk, "comment": followup.comment, "public": "on"}
    assert desk.post(page, sent | {"time_spent": "00:00:00", "new_status": 1}).status_code == 302
    assert supported(ticket).first_responded_at == MONDAY + HOUR


def test_an_answer_by_the_api_is_the_first_response(desk, ticket, clock):
    clock.shift(HOUR)
    sent = {"ticket": ticket.pk, "comment": "Pour water on it.", "public": True}
    response = desk.post("/helpdesk/api/followups/", sent, content_type="application/json")
    assert response.status_code == 201, response.content
    assert supported(ticket).first_responded_at == MONDAY + HOUR


def test_a_customer_who_writes_again_has_not_answered(queue, ticket, clock):
    clock.shift(HOUR)
    again = f"Re: {ticket.ticket} Printer on fire"
    same = mail(queue, again, "Still burning.", message_id="<2@example.com>")
    assert same == ticket
    assert supported(ticket).first_responded_at is None
    assert told(ticket) == ["opened", "requester_replied"]


def test_an_agent_who_is_the_customer_has_not_answered(desk, queue, clock):
    desk.post(reverse("helpdesk:submit"), form(queue, submitter_email="Agent@example.com"))
    clock.shift(HOUR)
    update(desk, newest(), comment="Still burning.", public=1, submitter_email="Agent@example.com")
    assert newest().first_responded_at is None


def test_a_hold_and_an_assignment_are_no_responses(desk, agent, ticket, clock):
    clock.shift(HOUR)
    desk.post(reverse("helpdesk:hold", args=[ticket.pk]))
    desk.post(
        reverse("helpdesk:mass_update"), {"ticket_id": ticket.pk, "action": f"assign_{agent.pk}"}
    )
    assert set(ticket.followup_set.exclude(user=None).values_list("public", flat=True)) == {True}
    assert supported(ticket).first_responded_at is None


def test_an_answer_that_resolves_is_both(desk, ticket, clock):
    clock.shift(HOUR)
    update(desk, ticket, comment="It is out.", public=1, new_status=Ticket.RESOLVED_STATUS)
    found = supported(ticket)
    assert found.first_responded_at == found.resolved_at == MONDAY + HOUR
    assert found.sla.resolution.state == "met"


def test_the_next_response_is_owed_to_who_writes_again(desk, client, queue, key_accounts, clock):
    ticket = mail(key_accounts, "Help", "Please.", message_id="<1@example.com>")
    clock.shift(HOUR / 2)
    update(desk, ticket, comment="At once.", public=1)
    clock.shift(HOUR)
    mail(key_accounts, f"{ticket.ticket} Help", "Still.", message_id="<2@example.com>")
    assert supported(ticket).sla.verdict("next_response").due == MONDAY + 3.5 * HOUR


# Statuses


def test_helpdesk_s_hold_pauses_the_resolution(desk, agent, ticket, clock):
    clock.shift(HOUR)
    desk.post(reverse("helpdesk:hold", args=[ticket.pk]))
    assert supported(ticket).sla.resolution.state == "paused"
    assert supported(ticket).sla.hold.actor == agent
    clock.shift(30 * HOUR)
    desk.post(reverse("helpdesk:unhold", args=[ticket.pk]))
    assert supported(ticket).sla.resolution.state == "on_track"
    assert supported(ticket).resolution_target == MONDAY + 54 * HOUR


def test_a_hold_of_the_admin_is_not_helpdesk_s_to_release(desk, ticket):
    supported(ticket).sla.pause("The vendor is asked")
    update(desk, ticket, comment="We have asked the vendor.", public=1)
    assert supported(ticket).sla.hold.data["reason"] == "The vendor is asked"


def test_what_is_on_hold_when_it_is_resolved_is_so_when_it_is_reopened(desk, ticket, clock):
    desk.post(reverse("helpdesk:hold", args=[ticket.pk]))
    update(desk, ticket, comment="Done", new_status=Ticket.RESOLVED_STATUS)
    assert supported(ticket).sla.resolution.state == "met"
    clock.shift(HOUR)
    update(desk, ticket, comment="No", new_status=Ticket.REOPENED_STATUS)
    assert supported(ticket).sla.resolution.state == "paused"


@pytest.mark.parametrize("status", [Ticket.CLOSED_STATUS, Ticket.DUPLICATE_STATUS])
def test_closing_resolves(desk, ticket, status, clock):
    clock.shift(HOUR)
    update(desk, ticket, new_status=status, comment="No")
    assert supported(ticket).closed_at == supported(ticket).resolved_at == MONDAY + HOUR


def test_an_e_mail_to_a_closed_ticket_reopens_it(desk, queue, ticket, clock):
    clock.shift(HOUR)
    desk.post(reverse("helpdesk:mass_update"), {"ticket_id": ticket.pk, "action": "close"})
    assert supported(ticket).closed_at == MONDAY + HOUR
    clock.shift(10 * HOUR)
    mail(queue, f"{ticket.ticket} Printer", "It burns again.", message_id="<2@example.com>")
    found = supported(ticket)
    assert (found.status, found.resolved_at) == (Ticket.REOPENED_STATUS, None)
    # The ten hours in which it was closed do not count.
    assert found.resolution_target == MONDAY + 34 * HOUR


def test_the_customer_may_accept_and_close(client, desk, ticket, clock):
    update(desk, ticket, comment="It is out.", public=1, new_status=Ticket.RESOLVED_STATUS)
    client.logout()
    clock.shift(HOUR)
    asked = {"ticket": ticket.ticket_for_url, "email": ticket.submitter_email}
    client.get(reverse("helpdesk:public_view"), asked | {"key": ticket.secret_key, "close": ""})
    found = supported(ticket)
    assert (found.resolved_at, found.closed_at) == (MONDAY, MONDAY + HOUR)


def test_a_card_that_is_dragged_moves_the_ticket(desk, ticket):
    page = reverse("helpdesk:kanban_update", args=[ticket.pk])
    desk.post(page, {"status": Ticket.RESOLVED_STATUS}, content_type="application/json")
    assert supported(ticket).resolved_at == MONDAY


# helpdesk's escalation, and ours


def test_helpdesk_s_escalation_makes_the_terms_be_chosen_again(queue, ticket, clock):
    Queue.objects.update(escalate_days=1)
    clock.shift(timedelta(days=1, hours=1))
    call_command("escalate_tickets")
    found = supported(ticket)
    assert found.priority == 2
    # Counted from the opening: what a high priority promises is over already.
    assert found.response_target == MONDAY + 4 * HOUR
    assert found.resolution_target == MONDAY + 8 * HOUR
    assert found.sla.resolution.state == "breached"
    move = found.sla.timeline()[-1]
    assert (move.kind, move.data["from"], move.data["to"]) == ("priority_changed", "3", "2")
    assert {(change.field, change.new, change.user) for change in found.sla.changelog()[:2]} == {
        ("response_target", found.response_target, None),
        ("resolution_target", found.resolution_target, None),
    }


def test_neither_escalation_calls_for_the_other(queue, ticket, clock):
    Queue.objects.update(escalate_days=1)
    clock.shift(timedelta(days=1, hours=1))
    call_command("sla_sweep")
    call_command("escalate_tickets")
    assert "requester_replied" not in told(ticket)
    call_command("sla_sweep")
    ticket.refresh_from_db()
    assert ticket.priority == 2
    before = told(ticket)
    call_command("escalate_tickets")
    call_command("sla_sweep")
    assert told(ticket) == before


def test_a_ticket_on_hold_is_left_alone_by_both(desk, ticket, clock):
    Queue.objects.update(escalate_days=1)
    desk.post(reverse("helpdesk:hold", args=[ticket.pk]))
    clock.shift(timedelta(days=3))
    call_command("escalate_tickets")
    call_command("sla_sweep")
    assert supported(ticket).priority == 3
    assert supported(ticket).sla.resolution.state == "paused"


# Breaches


def test_a_breach_is_announced_once_to_the_owner(desk, ticket, clock, mailoutbox):
    call_command("sla_sweep")  # the first of all tells nobody
    desk.get(reverse("helpdesk:view", args=[ticket.pk]), {"take": ""})
    mailoutbox.clear()
    clock.shift(25 * HOUR)
    call_command("sla_sweep", "--deliver")
    call_command("sla_sweep", "--deliver")
    assert told(ticket).count("target_breached") == 2
    assert [message.to for message in mailoutbox] == [["agent@example.com"]] * 2


# Pages


def test_the_admin_lists_tickets_with_their_service_levels(desk, ticket):
    page = desk.get(reverse("admin:support_supportticket_changelist"))
    assert page.status_code == 200
    assert page.content.count(b"sla-badge--on_track") == 2


def test_the_admin_has_a_page_of_a_ticket(desk, ticket):
    address = reverse("admin:support_supportticket_change", args=[ticket.pk])
    assert b"sla-timeline" in desk.get(address).content


def test_a_hold_of_the_admin_s_form_is_noticed_too(desk, agent, ticket):
    address = reverse("admin:support_supportticket_change", args=[ticket.pk])
    form = desk.get(address).context["adminform"].form
    sent = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    sent = {name: value for name, value in sent.items() if value not in (None, "")}
    response = desk.post(address, sent | {"on_hold": "on"})
    assert response.status_code == 302, response.context["adminform"].form.errors
    assert supported(ticket).sla.hold.actor == agent


def test_the_changelog_says_who_and_from_where(desk, agent, ticket):
    update(desk, ticket, priority=1)
    change = supported(ticket).sla.changelog()[0]
    assert (change.user, change.ip) == (agent, "127.0.0.1")
    assert change.old - change.new == 20 * HOUR


def test_helpdesk_s_page_of_a_ticket_has_badges_and_the_timeline(desk, ticket):
    page = desk.get(reverse("helpdesk:view", args=[ticket.pk])).content
    assert page.count(b"sla-badge--on_track") == 2
    assert b"sla-timeline" in page


def test_helpdesk_s_page_of_a_ticket_without_them_is_as_ever(desk, queue):
    [old] = old_tickets(queue)
    page = desk.get(reverse("helpdesk:view", args=[old.pk]))
    assert page.status_code == 200
    assert b"sla-badge" not in page.content


def test_an_agent_has_a_queue_of_tickets(desk, agent, ticket):
    desk.get(reverse("helpdesk:view", args=[ticket.pk]), {"take": ""})
    assert b"Printer on fire" in desk.get(reverse("django_sla:queue")).content


# Tickets from before


def old_tickets(queue, *tickets):
    """Tickets that helpdesk saved before there was a receiver."""
    found = QuerySet(Ticket).bulk_create(
        [Ticket(queue=queue, **values) for values in tickets or [{"title": "Old"}]]
    )
    Ticket.objects.update(created=MONDAY - timedelta(days=2), modified=MONDAY - HOUR)
    return found


def old_follow_up(ticket, hours, **values):
    """A follow-up so many hours after the opening, of which nothing heard."""
    date = MONDAY - timedelta(days=2) + hours * HOUR
    return FollowUp.objects.bulk_create([FollowUp(ticket=ticket, date=date, **values)])[0]


def test_old_tickets_are_adopted_with_their_follow_ups(queue, agent):
    [old] = old_tickets(queue)
    opening = {"public": True, "user": agent, "comment": "It burns."}
    old_follow_up(old, 0, **opening)
    old_follow_up(old, 5, public=True, user=agent, comment="Pour water on it.")
    call_command("adopt_tickets")
    found = supported(old)
    assert found.created_at == MONDAY - timedelta(days=2)
    assert found.first_responded_at == found.created_at + 5 * HOUR
    assert found.resolution_target == found.created_at + 24 * HOUR
    assert found.sla.resolution.state == "breached"


def test_an_old_ticket_that_is_done_is_so_since_its_follow_up(queue):
    resolved, closed, reopened, dragged = old_tickets(
        queue,
        {"title": "Resolved", "status": Ticket.RESOLVED_STATUS},
        {"title": "Closed", "status": Ticket.CLOSED_STATUS},
        {"title": "Closed after it was reopened", "status": Ticket.CLOSED_STATUS},
        {"title": "Dragged", "status": Ticket.RESOLVED_STATUS},
    )
    old_follow_up(resolved, 2, new_status=Ticket.RESOLVED_STATUS)
    old_follow_up(closed, 3, new_status=Ticket.RESOLVED_STATUS)
    old_follow_up(closed, 4, new_status=Ticket.CLOSED_STATUS)
    old_follow_up(reopened, 5, new_status=Ticket.RESOLVED_STATUS)
    old_follow_up(reopened, 6, new_status=Ticket.REOPENED_STATUS)
    old_follow_up(reopened, 7, new_status=Ticket.CLOSED_STATUS)
    call_command("adopt_tickets")
    opened = MONDAY - timedelta(days=2)
    assert supported(resolved).resolved_at == opened + 2 * HOUR
    assert supported(closed).resolved_at == opened + 3 * HOUR
    assert supported(closed).closed_at == opened + 4 * HOUR
    assert supported(reopened).resolved_at == opened + 7 * HOUR
    assert supported(dragged).resolved_at == MONDAY - HOUR


def old_hold(ticket, hours, *, on_hold):
    """What helpdesk writes down of a hold."""
    followup = old_follow_up(ticket, hours, public=True)
    TicketChange.objects.create(
        followup=followup, field="On Hold", old_value=str(not on_hold), new_value=str(on_hold)
    )


def test_the_holds_of_an_old_ticket_are_told(queue):
    [old] = old_tickets(queue, {"title": "Old", "on_hold": True})
    old_hold(old, 4, on_hold=True)
    old_hold(old, 10, on_hold=False)
    old_hold(old, 20, on_hold=True)
    call_command("adopt_tickets")
    found = supported(old)
    assert found.sla.hold.at == found.created_at + 20 * HOUR
    # Of 24 hours 4 and 10 have counted.
    assert found.sla.resolution.remaining == 10 * HOUR


def test_a_hold_that_nobody_wrote_down_is_on_from_now_on(queue):
    [old] = old_tickets(queue, {"title": "Old", "on_hold": True})
    call_command("adopt_tickets")
    assert supported(old).sla.hold.at == MONDAY


def test_adopting_again_does_nothing(queue):
    [old] = old_tickets(queue)
    old_hold(old, 4, on_hold=True)
    old_hold(old, 10, on_hold=False)
    call_command("adopt_tickets")
    before = told(old)
    call_command("adopt_tickets")
    assert told(old) == before
    assert before.count("opened") == before.count("held") == before.count("released") == 1


# Deleting and merging


def test_deleting_a_ticket_deletes_what_we_know_of_it(desk, ticket):
    desk.post(reverse("helpdesk:delete", args=[ticket.pk]))
    assert not Ticket.objects.exists()
    assert not SupportTicket.sla.event_model.objects.exists()
    assert SupportTicket.history.latest().history_type == "-"


def test_merging_closes_one_and_hands_its_answer_to_the_other(desk, queue, ticket, clock):
    clock.shift(HOUR)
    other = mail(queue, "Fire!", "It burns.", message_id="<9@example.com>")
    clock.shift(HOUR)
    update(desk, other, comment="Pour water on it.", public=1)
    clock.shift(HOUR)
    page = f"{reverse('helpdesk:merge_tickets')}?tickets={ticket.pk}&tickets={other.pk}"
    assert desk.post(page, {"chosen_ticket": ticket.pk}).status_code == 302
    assert supported(other).closed_at == MONDAY + 3 * HOUR
    assert supported(ticket).sla.resolution.state == "on_track"
    # helpdesk moves the follow-ups without a signal.
    assert supported(ticket).first_responded_at is None
    call_command("sla_reconcile")
    assert supported(ticket).first_responded_at == MONDAY + 2 * HOUR
    assert told(ticket) == ["opened", "agent_replied"]


def test_the_text_of_a_ticket_that_is_merged_is_no_answer(desk, queue, ticket, clock):
    clock.shift(HOUR)
    desk.post(reverse("helpdesk:submit"), form(queue, body="Carla called, too."))
    other = newest()
    page = f"{reverse('helpdesk:merge_tickets')}?tickets={ticket.pk}&tickets={other.pk}"
    desk.post(page, {"chosen_ticket": ticket.pk})
    call_command("sla_reconcile")
    assert ticket.followup_set.filter(comment="Carla called, too.").exists()
    assert told(ticket) == ["opened"]
