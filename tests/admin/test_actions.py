"""What is done by hand in the admin, through its pages."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db.models import QuerySet
from django.http import HttpRequest
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from django_sla.admin import SLAAdminMixin
from django_sla.admin.action_forms import ACTIONS, HoldForm, SetTargetForm
from django_sla.models import Terms
from django_sla.moment import as_of
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import BareTicket, SharedTicketProxy, SpecialTicket, UUIDTicket

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"


@pytest.fixture(autouse=True)
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls"


@pytest.fixture
def boss() -> Any:
    return get_user_model().objects.create_superuser("boss", password="boss")


@pytest.fixture
def site(boss: Any) -> Client:
    return logged_in(boss)


def logged_in(user: Any, **kwargs: Any) -> Client:
    client = Client(REMOTE_ADDR="203.0.113.9", **kwargs)
    client.force_login(user)
    return client


def permission(codename: str) -> Permission:
    """Of the ticket model, or one of our own."""
    own = ("waive_breach", "view_ip")
    model = Terms if codename in own else Ticket
    found = Permission.objects.filter(
        codename=codename, content_type__app_label=model._meta.app_label
    ).first()
    return found or Permission.objects.create(
        codename=codename, content_type=ContentType.objects.get_for_model(model)
    )


@pytest.fixture
def user_with() -> Callable[..., Client]:
    """Log in a member of staff with these permissions and no others."""

    def make(*codenames: str) -> Client:
        user = get_user_model().objects.create_user("staff", is_staff=True)
        user.user_permissions.set([permission(codename) for codename in codenames])
        return logged_in(user)

    return make


def opened(hours_ago: float = 1, **fields: Any) -> Ticket:
    with as_of(timezone.now() - timedelta(hours=hours_ago)):
        return Ticket.objects.create(**fields)


def change_page(ticket: Any) -> str:
    return reverse("admin:desk_ticket_change", args=[ticket.pk])


def page_of(ticket: Any, action: str) -> str:
    return reverse("admin:desk_ticket_sla", args=[ticket.pk, action])


def history_of(ticket: Ticket) -> str:
    return reverse("admin:desk_ticket_history", args=[ticket.pk])


def when(instant: datetime) -> dict[str, str]:
    return {"due_0": f"{instant:%Y-%m-%d}", "due_1": f"{instant:%H:%M:%S}"}


def offered(site: Client, ticket: Any) -> list[str]:
    """The actions that the ticket's page links to."""
    html = site.get(change_page(ticket)).content.decode()
    return re.findall(r'href="\.\./sla/([\w-]+)/"', html)


def kinds(ticket: Any) -> list[str]:
    return list(ticket.sla_events.order_by("id").values_list("kind", flat=True))


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def words(response: Any) -> str:
    """The text of a page, as it reads."""
    main = response.content.decode().partition('id="main"')[2].partition('id="footer"')[0]
    return " ".join(re.sub(r"<[^>]*>", " ", main).split())


# What is offered


def test_what_fits_the_ticket_is_offered(site: Client) -> None:
    running, late, done = opened(), opened(hours_ago=30), opened()
    done.status = "resolved"
    done.save()
    assert offered(site, running) == ["hold", "set-target"]
    assert offered(site, late) == ["hold", "set-target", "waive"]
    assert offered(site, done) == []
    running.sla.pause("the vendor is asked")
    running.sla.set_target("resolution", timezone.now() + timedelta(days=9))
    assert offered(site, running) == ["release", "set-target", "clear-target"]
    late.sla.waive("resolution", "the customer was away")
    assert offered(site, late) == ["hold", "set-target", "waive"], "the response is late too"
    late.sla.waive("response", "the customer was away")
    assert offered(site, late) == ["hold", "set-target"]


def test_a_hold_is_shown_with_its_reason_and_its_person(site: Client, boss: Any) -> None:
    ticket = opened()
    assert "On hold" not in words(site.get(change_page(ticket)))
    ticket._history_user = boss
    ticket.sla.pause("the vendor is asked")
    assert re.search(
        r"On hold since .* · boss the vendor is asked", words(site.get(change_page(ticket)))
    )


def test_a_new_ticket_and_a_popup_offer_nothing(site: Client) -> None:
    assert "sla-actions" not in site.get(reverse("admin:desk_ticket_add")).content.decode()
    popup = site.get(change_page(opened(hours_ago=30)), {"_popup": "1"})
    assert "sla-timeline" in popup.content.decode()
    assert "sla-actions" not in popup.content.decode()


# Doing it


def test_putting_on_hold_and_releasing(site: Client, boss: Any) -> None:
    ticket = opened()
    shown = words(site.get(page_of(ticket, "hold")))
    assert "these clocks stand still, whatever the status of the ticket: Resolution." in shown
    assert "These are never paused and run on: Response." in shown
    response = site.post(page_of(ticket, "hold"), {"reason": "the vendor is asked"})
    assert (response.status_code, response.url) == (302, change_page(ticket))
    assert "“A ticket” is on hold." in words(site.get(response.url))
    event = ticket.sla_events.get(kind="held")
    assert (event.actor, event.data) == (boss, {"reason": "the vendor is asked"})
    row = ticket.history.latest()
    assert (row.history_user, row.client_ip) == (boss, "203.0.113.9")
    assert row.history_change_reason == "the vendor is asked"

    shown = words(site.get(page_of(ticket, "release")))
    assert "go on from now" in shown
    assert "the vendor is asked" in shown, "whoever releases a hold sees what it was for"
    response = site.post(page_of(ticket, "release"), {"reason": "answered"}, follow=True)
    assert "“A ticket” is no longer on hold." in words(response)
    assert kinds(ticket) == ["opened", "held", "released"]
    assert [entry.change_message for entry in LogEntry.objects.order_by("id")] == [
        "Put on hold: the vendor is asked",
        "Release from hold: answered",
    ]


def test_a_release_says_where_the_status_pauses_too(site: Client) -> None:
    ticket = opened(status="pending")
    ticket.sla.pause("the vendor is asked")
    assert "stay paused" in words(site.get(page_of(ticket, "release")))


def test_a_target_is_set_and_cleared(site: Client, boss: Any) -> None:
    ticket = opened()
    own = ticket.resolution_target
    due = (timezone.now() + timedelta(days=9)).replace(microsecond=0)
    form = site.get(page_of(ticket, "set-target")).context["adminform"].form
    assert [metric for metric, _label in form.fields["metric"].choices] == [
        "response",
        "resolution",
    ]
    data = {"metric": "resolution", "reason": "promised", **when(due)}
    assert site.post(page_of(ticket, "set-target"), data).status_code == 302
    assert Ticket.objects.get().resolution_target == due
    event = ticket.sla_events.get(kind="target_set")
    assert (event.actor, event.data["reason"]) == (boss, "promised")

    form = site.get(page_of(ticket, "clear-target")).context["adminform"].form
    assert [metric for metric, _label in form.fields["metric"].choices] == ["resolution"]
    assert form["metric"].value() == "resolution", "there is only this one"
    data = {"metric": "resolution", "reason": "no longer"}
    assert site.post(page_of(ticket, "clear-target"), data).status_code == 302
    assert Ticket.objects.get().resolution_target == own
    assert ticket.sla_events.get(kind="target_cleared").data["reason"] == "no longer"


def test_a_breach_is_waived(site: Client, boss: Any) -> None:
    ticket = opened(hours_ago=30)
    shown = words(site.get(page_of(ticket, "waive")))
    assert "A waiver cannot be taken back." in shown
    assert re.search(r"Resolution, due .* · Breached", shown)
    data = {"metric": "resolution", "reason": "the customer was away"}
    response = site.post(page_of(ticket, "waive"), data, follow=True)
    assert "waived" in words(response)
    assert Ticket.objects.get().sla.resolution.clock.waived
    assert ticket.sla_events.get(kind="breach_waived").actor == boss
    shown = words(site.get(history_of(ticket)))
    assert "Breach waived · Resolution" in shown
    assert "203.0.113.9" in shown


def test_the_history_says_what_was_done_and_each_thing_once(site: Client) -> None:
    ticket = opened()
    due = (timezone.now() + timedelta(days=9)).replace(microsecond=0)
    site.post(
        page_of(ticket, "set-target"),
        {"metric": "resolution", "reason": "promised", **when(due)},
    )
    site.post(page_of(ticket, "hold"), {"reason": "the vendor is asked"})
    shown = words(site.get(history_of(ticket)))
    assert "Put on hold the vendor is asked" in shown
    assert "Resolution target" in shown
    assert "Target set by hand" not in shown


def test_nothing_is_done_by_looking(site: Client) -> None:
    ticket = opened(hours_ago=30)
    ticket.sla.set_target("resolution", timezone.now() + timedelta(days=9))
    before = kinds(ticket)
    for action in ACTIONS:
        assert site.get(page_of(ticket, action), {"reason": "x"}).status_code == 200
    assert kinds(ticket) == before
    assert not LogEntry.objects.exists()


def test_a_post_from_elsewhere_is_refused(boss: Any) -> None:
    ticket = opened()
    strict = logged_in(boss, enforce_csrf_checks=True)
    assert strict.post(page_of(ticket, "hold"), {"reason": "x"}).status_code == 403
    assert kinds(ticket) == ["opened"]


def test_the_list_stays_filtered(site: Client) -> None:
    ticket = opened()
    filters = {"_changelist_filters": "status=open"}
    html = site.get(change_page(ticket), filters).content.decode()
    href = "../sla/hold/?_changelist_filters=status%3Dopen"
    assert f'href="{href}"' in html
    url = page_of(ticket, "hold") + "?_changelist_filters=status%3Dopen"
    assert f'href="{change_page(ticket)}?_changelist_filters' in site.get(url).content.decode()
    response = site.post(url, {"reason": "the vendor is asked"})
    assert response.url == f"{change_page(ticket)}?_changelist_filters=status%3Dopen"


# Who may


FORMS = {
    "hold": {},
    "release": {},
    "set-target": {"metric": "resolution", "due_0": "2030-01-01", "due_1": "12:00"},
    "clear-target": {"metric": "resolution"},
    "waive": {"metric": "response"},
}


def test_every_action_is_tried_here() -> None:
    assert FORMS.keys() == ACTIONS.keys()


def attempts(client: Client) -> dict[str, tuple[int, int]]:
    """What looking at each page and sending it gives, each on a ticket that it fits."""
    found = {}
    for action, data in FORMS.items():
        ticket = opened(hours_ago=30)
        if action == "release":
            ticket.sla.pause("the vendor is asked")
        if action == "clear-target":
            ticket.sla.set_target("resolution", timezone.now() + timedelta(days=9))
        before = kinds(ticket)
        looked = client.get(page_of(ticket, action)).status_code
        sent = client.post(page_of(ticket, action), {**data, "reason": "because"}).status_code
        assert (len(kinds(ticket)) > len(before)) == (sent == 302)
        found[action] = (looked, sent)
    return found


MAY, MAY_NOT = (200, 302), (403, 403)


def test_a_user_who_may_only_look_does_nothing(user_with: Any) -> None:
    client = user_with("view_ticket")
    assert set(attempts(client).values()) == {MAY_NOT}
    assert offered(client, opened(hours_ago=30)) == []


def test_a_user_who_may_change_tickets_does_all_but_waive(user_with: Any) -> None:
    client = user_with("change_ticket")
    assert attempts(client) == dict.fromkeys(FORMS, MAY) | {"waive": MAY_NOT}
    assert offered(client, opened(hours_ago=30)) == ["hold", "set-target"]


def test_a_user_who_may_waive_and_look_does_only_that(user_with: Any) -> None:
    client = user_with("view_ticket", "waive_breach")
    assert attempts(client) == dict.fromkeys(FORMS, MAY_NOT) | {"waive": MAY}
    assert offered(client, opened(hours_ago=30)) == ["waive"]


def test_a_user_who_may_waive_and_not_look_does_nothing(user_with: Any) -> None:
    assert set(attempts(user_with("waive_breach")).values()) == {MAY_NOT}


def test_a_stranger_is_asked_to_log_in() -> None:
    ticket = opened()
    response = Client().post(page_of(ticket, "hold"), {"reason": "because"})
    assert response.url.startswith("/admin/login/")
    assert kinds(ticket) == ["opened"]


@pytest.mark.parametrize("codenames", [["view_ticket"], ["view_ticket", "view_ip"]])
def test_addresses_are_shown_to_those_who_may_see_them(
    user_with: Any, site: Client, codenames: list[str]
) -> None:
    ticket = opened()
    site.post(page_of(ticket, "hold"), {"reason": "the vendor is asked"})
    shown = words(user_with(*codenames).get(history_of(ticket)))
    assert "the vendor is asked" in shown
    assert ("203.0.113.9" in shown) == ("IP address" in shown) == ("view_ip" in codenames)


# What is refused


@pytest.mark.parametrize("reason", ["", "  \n "])
@pytest.mark.parametrize("action", FORMS)
def test_a_reason_has_to_be_given(site: Client, action: str, reason: str) -> None:
    ticket = opened(hours_ago=30)
    if action == "release":
        ticket.sla.pause("the vendor is asked")
    if action == "clear-target":
        ticket.sla.set_target("resolution", timezone.now() + timedelta(days=9))
    before = kinds(ticket)
    response = site.post(page_of(ticket, action), {**FORMS[action], "reason": reason})
    assert errors(response) == {"reason": ["This field is required."]}
    assert kinds(ticket) == before


def test_a_reason_of_a_thousand_characters_is_kept(site: Client) -> None:
    ticket = opened()
    assert site.post(page_of(ticket, "hold"), {"reason": "r" * 1000}).status_code == 302
    assert ticket.sla_events.get(kind="held").data["reason"] == "r" * 1000
    response = site.post(page_of(ticket, "release"), {"reason": "r" * 1001})
    assert "at most 1000 characters" in errors(response)["reason"][0]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ("hold", "A ticket that is resolved or closed cannot be put on hold."),
        ("release", "The ticket is not on hold."),
        ("set-target", "All clocks of the ticket have stopped, so no target can be set."),
        ("clear-target", "No target that could be cleared was set by hand."),
        ("waive", "The ticket has no breach that is not waived already."),
    ],
)
def test_what_does_not_fit_is_said_and_not_done(site: Client, action: str, message: str) -> None:
    ticket = opened()
    ticket.status = "resolved"
    ticket.save()
    before = kinds(ticket)
    for response in (
        site.get(page_of(ticket, action)),
        site.post(page_of(ticket, action), {**FORMS[action], "reason": "because"}),
    ):
        assert response.status_code == 200
        assert message in words(response)
        assert "<textarea" not in response.content.decode()
        assert f'<a role="button" href="{change_page(ticket)}"' in response.content.decode()
    assert kinds(ticket) == before


def test_a_second_hold_is_refused(site: Client) -> None:
    ticket = opened()
    ticket.sla.pause("first")
    response = site.post(page_of(ticket, "hold"), {"reason": "second"})
    assert "The ticket is on hold already." in words(response)
    assert kinds(ticket) == ["opened", "held"]


@pytest.mark.parametrize(
    ("due", "message"),
    [
        ({"due_0": "2001-01-01", "due_1": "10:00"}, "its target must be later"),
        ({"due_0": "9999-12-31", "due_1": "10:00"}, "more than ten years away"),
        ({"due_0": "2026-02-30", "due_1": "10:00"}, "Enter a valid date."),
        ({"due_0": "", "due_1": ""}, "This field is required."),
    ],
)
def test_a_bad_target_is_an_error_of_its_field(
    site: Client, due: dict[str, str], message: str
) -> None:
    ticket = opened()
    data = {"metric": "resolution", "reason": "promised", **due}
    response = site.post(page_of(ticket, "set-target"), data)
    assert message in errors(response)["due"][0]
    assert kinds(ticket) == ["opened"]


def test_the_clock_of_another_metric_is_refused(site: Client) -> None:
    ticket = opened(first_responded_at=timezone.now())
    before = kinds(ticket)
    data = {**FORMS["set-target"], "metric": "response", "reason": "promised"}
    response = site.post(page_of(ticket, "set-target"), data)
    assert "no longer one of those" in errors(response)["metric"][0]
    assert kinds(ticket) == before


def test_what_happens_between_the_check_and_the_write_is_said(
    site: Client, monkeypatch: Any
) -> None:
    ticket = opened()
    ticket.sla.pause("first")
    monkeypatch.setattr(HoldForm, "why_not", lambda form: "")
    response = site.post(page_of(ticket, "hold"), {"reason": "second"})
    assert "on hold already" in errors(response)["__all__"][0]
    assert "second" in response.content.decode(), "what was typed is not lost"

    def resolve(form: Any) -> datetime:
        ticket.status = "resolved"
        ticket.save()
        return form.cleaned_data["due"]

    monkeypatch.setattr(SetTargetForm, "clean_due", resolve)
    monkeypatch.setattr(SetTargetForm, "why_not", lambda form: "")
    response = site.post(
        page_of(ticket, "set-target"), {**FORMS["set-target"], "reason": "promised"}
    )
    assert "clock stopped at" in errors(response)["__all__"][0]
    assert kinds(ticket) == ["opened", "held", "status_moved"]
    assert not LogEntry.objects.exists()


def test_what_is_not_there(site: Client) -> None:
    ticket = opened()
    assert site.get(f"/admin/desk/ticket/{ticket.pk}/sla/explode/").status_code == 404
    response = site.get(f"/admin/desk/ticket/{ticket.pk + 1}/sla/hold/", follow=True)
    assert "doesn’t exist" in words(response)


def test_what_people_typed_is_escaped(site: Client, boss: Any) -> None:
    ticket = opened(hours_ago=30, title=EVIL)
    boss.first_name = EVIL
    boss.save()
    html = site.post(page_of(ticket, "hold"), {"reason": EVIL}, follow=True).content.decode()
    for action in ACTIONS:
        html += site.get(page_of(ticket, action)).content.decode()
        html += site.post(page_of(ticket, action), {"reason": ""}).content.decode()
    html += site.get(history_of(ticket)).content.decode()
    assert html.count("&lt;script&gt;alert") > 20
    assert EVIL not in html
    for inline in (" style=", "<style", " onclick", "javascript:"):
        assert inline not in html, "a strict content security policy allows none of it"


# Hosts of all kinds


class PlainManager(admin.ModelAdmin):
    """Of a host whose manager knows nothing of SLAs."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return QuerySet(self.model)


# django-simple-history asks so for the history of a model that points to no other.
@pytest.mark.filterwarnings("ignore:Calling select_related")
@pytest.mark.parametrize("model", [UUIDTicket, BareTicket, SharedTicketProxy, SpecialTicket])
@pytest.mark.parametrize("base", [admin.ModelAdmin, PlainManager])
def test_ticket_models_of_other_kinds(site: Client, settings: Any, model: Any, base: Any) -> None:
    desk = admin.AdminSite()
    desk.register(model, type("HostAdmin", (SLAAdminMixin, base), {}))
    settings.ROOT_URLCONF = (path("admin/", desk.urls),)
    ticket = model.objects.create()
    names = f"admin:variety_{model._meta.model_name}"
    html = site.get(reverse(f"{names}_change", args=[ticket.pk])).content.decode()
    assert 'href="../sla/hold/"' in html
    url = reverse(f"{names}_sla", args=[ticket.pk, "hold"])
    assert "Resolution" in words(site.get(url))
    response = site.post(url, {"reason": "the vendor is asked"}, follow=True)
    assert response.redirect_chain == [(reverse(f"{names}_change", args=[ticket.pk]), 302)]
    assert 'href="../sla/release/"' in response.content.decode()
    assert kinds(ticket) == ["opened", "held"]
    assert "Put on hold" in words(site.get(reverse(f"{names}_history", args=[ticket.pk])))
