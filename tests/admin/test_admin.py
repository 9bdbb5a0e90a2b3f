"""The admin of a ticket model, through its pages."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from django_sla.admin import ResolutionStateFilter, SLAAdminMixin, SLAStateFilter
from django_sla.admin.forms import SLATicketForm
from django_sla.core.verdict import State
from django_sla.exceptions import NotOnHold
from django_sla.moment import as_of
from django_sla.tables.columns import TARGETS
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Ticket
from tests.hosts.variety.models import BareTicket, OwnTicket, UUIDTicket

pytestmark = pytest.mark.django_db

EVIL = "<script>alert(1)</script>"
LIST = "/admin/desk/ticket/"


@pytest.fixture(autouse=True)
def urls(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.urls"


@pytest.fixture
def boss() -> Any:
    return get_user_model().objects.create_superuser("boss", password="boss")


@pytest.fixture
def site(boss: Any) -> Client:
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.force_login(boss)
    return client


def opened(hours_ago: float = 1, **fields: Any) -> Ticket:
    with as_of(timezone.now() - timedelta(hours=hours_ago)):
        return Ticket.objects.create(**fields)


def page_of(ticket: Ticket) -> str:
    return reverse("admin:desk_ticket_change", args=[ticket.pk])


def history_of(ticket: Ticket) -> str:
    return reverse("admin:desk_ticket_history", args=[ticket.pk])


def form_of(site: Client, ticket: Ticket, **changes: str) -> dict[str, str]:
    """What a browser would send back for the form as it stands."""
    form = site.get(page_of(ticket)).context["adminform"].form
    data: dict[str, str] = {}
    for bound in form:
        value = bound.value()
        if isinstance(bound.field, forms.SplitDateTimeField):
            day, time = bound.field.widget.decompress(value)
            data[f"{bound.name}_0"] = f"{day:%Y-%m-%d}" if day else ""
            data[f"{bound.name}_1"] = f"{time:%H:%M:%S}" if time else ""
        else:
            data[bound.name] = "" if value is None else str(value)
    return data | changes


def when(name: str, instant: datetime) -> dict[str, str]:
    return {f"{name}_0": f"{instant:%Y-%m-%d}", f"{name}_1": f"{instant:%H:%M:%S}"}


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)


def make_admin(model: Any, **attributes: Any) -> Any:
    """A ModelAdmin with the mixin, not registered anywhere."""
    made = type("HostAdmin", (SLAAdminMixin, admin.ModelAdmin), attributes)
    return made(model, admin.site)


def request_by(user: Any) -> Any:
    request = RequestFactory().get("/")
    request.user = user
    return request


# The list


def test_the_list_shows_a_badge_for_each_metric(site: Client) -> None:
    opened(hours_ago=9)
    html = site.get(LIST).content.decode()
    assert re.search(r"field-sla_response.*?sla-badge--breached.*?1h over", html)
    assert re.search(r"field-sla_resolution.*?sla-badge--on_track.*?14h 59m left", html)
    assert "django_sla/sla.css" in html
    assert " style=" not in html.partition("result_list")[2].partition("</table>")[0]


def test_the_list_is_a_constant_number_of_queries(site: Client) -> None:
    def queries(count: int) -> int:
        Ticket.objects.all().delete()
        for _ in range(count):
            opened()
        with CaptureQueriesContext(connection) as captured:
            html = site.get(LIST).content.decode()
        assert html.count('class="sla-badge ') == 2 * count
        return len(captured)

    queries(1)
    assert queries(1) == queries(50)


def test_the_list_sorts_by_due_instant(site: Client) -> None:
    late, soon = opened(priority="low"), opened(priority="urgent")
    response = site.get(LIST, {"o": "6"})
    assert list(response.context["cl"].queryset) == [soon, late]


def states() -> dict[State, Ticket]:
    """A ticket whose resolution is in each state."""
    found = {
        State.ON_TRACK: opened(),
        State.AT_RISK: opened(hours_ago=20),
        State.BREACHED: opened(hours_ago=30),
        State.PAUSED: opened(status="pending"),
        State.MET: opened(),
        State.MISSED: opened(hours_ago=30),
    }
    for state in (State.MET, State.MISSED):
        found[state].status = "resolved"
        found[state].save()
    return found


def test_the_list_is_filtered_by_state(site: Client) -> None:
    for state, ticket in states().items():
        response = site.get(LIST, {"sla": state.value})
        shown = set(response.context["cl"].queryset)
        judged = {
            t
            for t in Ticket.objects.with_verdicts()
            if state in (t.sla.response.state, t.sla.resolution.state)
        }
        assert ticket in shown
        assert shown == judged
    assert set(site.get(LIST, {"sla": "nonsense"}).context["cl"].queryset) == set(
        Ticket.objects.all()
    )


def test_the_filter_knows_one_metric(boss: Any) -> None:
    found = states()
    request = request_by(boss)
    ticket_admin = make_admin(Ticket)
    for state, ticket in found.items():
        chosen = ResolutionStateFilter(
            request, {"sla_resolution": [state.value]}, Ticket, ticket_admin
        )
        assert list(chosen.queryset(request, ticket_admin.get_queryset(request))) == [ticket]


def test_the_filter_works_on_a_queryset_of_another_kind(boss: Any) -> None:
    found = states()
    request = request_by(boss)
    chosen = SLAStateFilter(request, {"sla": ["missed"]}, Ticket, make_admin(Ticket))
    assert list(chosen.queryset(request, QuerySet(Ticket))) == [found[State.MISSED]]


def test_the_filter_counts(site: Client) -> None:
    states()
    html = site.get(LIST, {"_facets": "True"}).content.decode()
    assert "Breached (2)" in html  # the other is missed, but owed a response for ever
    assert "Paused (1)" in html


# The form


def test_a_new_ticket_gets_the_policys_targets(site: Client) -> None:
    html = site.get(LIST + "add/").content.decode()
    assert "Leave it empty to let the policy decide" in html
    assert "sla-timeline" not in html
    data = {"title": "New", "priority": "high", "status": "open"}
    site.post(LIST + "add/", data | {"resolution_target_0": "", "resolution_target_1": ""})
    ticket = Ticket.objects.get()
    assert ticket.resolution_target == ticket.created_at + timedelta(hours=8)
    assert list(ticket.sla_events.values_list("kind", flat=True)) == ["opened"]


def test_saving_without_a_change_leaves_the_targets_alone(site: Client) -> None:
    ticket = opened()  # to the microsecond, where the form shows seconds
    assert ticket.resolution_target.microsecond
    response = site.post(page_of(ticket), form_of(site, ticket, title="Renamed"))
    assert response.status_code == 302
    saved = Ticket.objects.get()
    assert saved.title == "Renamed"
    assert saved.resolution_target == ticket.resolution_target
    assert list(saved.sla_events.values_list("kind", flat=True)) == ["opened"]


def test_a_target_in_a_repeated_hour_does_not_hinder_a_save(site: Client, settings: Any) -> None:
    settings.TIME_ZONE = "America/Toronto"
    ticket = opened()
    # 01:30 local time is twice on that day.
    due = datetime(2026, 11, 1, 6, 30, tzinfo=UTC)
    with as_of(due - timedelta(days=3)):
        ticket.sla.set_target("resolution", due)
        response = site.post(page_of(ticket), form_of(site, ticket, title="Renamed"))
        assert response.status_code == 302, errors(response)
    assert Ticket.objects.get().resolution_target == due
    assert Ticket.objects.get().title == "Renamed"


def test_a_target_set_in_the_form_is_recorded_with_actor_and_address(
    site: Client, boss: Any
) -> None:
    ticket = opened()
    due = (timezone.now() + timedelta(hours=3)).replace(microsecond=0)
    changes = when("resolution_target", due) | {"sla_reason": "Promised on the phone"}
    assert site.post(page_of(ticket), form_of(site, ticket, **changes)).status_code == 302
    saved = Ticket.objects.get()
    assert saved.resolution_target == due
    event = saved.sla_events.get(kind="target_set")
    assert (event.actor, event.data["metric"]) == (boss, "resolution")
    row = saved.history.latest()
    assert (row.history_user, row.client_ip) == (boss, "203.0.113.9")
    assert row.history_change_reason == "Promised on the phone"
    assert saved.history.count() == 2


def test_a_cleared_target_is_the_policys_again(site: Client) -> None:
    ticket = opened()
    own = ticket.resolution_target
    ticket.sla.set_target("resolution", own + timedelta(hours=1))
    changes = {"resolution_target_0": "", "resolution_target_1": ""}
    assert site.post(page_of(ticket), form_of(site, ticket, **changes)).status_code == 302
    assert Ticket.objects.get().resolution_target == own


@pytest.mark.parametrize(
    ("day", "time", "message"),
    [
        ("yesterday", "noon", "Enter a valid date."),
        ("2026-02-30", "10:00", "Enter a valid date."),
        ("2026-03-04", "", "Enter a valid time."),
        ("2001-01-01", "10:00", "its target must be later"),
        ("0001-01-01", "00:00", "its target must be later"),
        ("9999-12-31", "23:59:59", "more than ten years away"),
        ("2206-12-31", "12:00", "more than ten years away"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Asia/Tokyo", "America/Toronto"])
def test_a_bad_date_is_an_error_of_its_field(
    site: Client, settings: Any, zone: str, day: str, time: str, message: str
) -> None:
    settings.TIME_ZONE = zone
    ticket = opened()
    changes = {"resolution_target_0": day, "resolution_target_1": time}
    response = site.post(page_of(ticket), form_of(site, ticket, **changes))
    assert message in " ".join(errors(response)["resolution_target"])
    response = site.post(LIST + "add/", form_of(site, ticket, **changes))
    assert message in " ".join(errors(response)["resolution_target"])
    assert Ticket.objects.get().resolution_target == ticket.resolution_target


def test_a_ticket_opened_as_resolved_takes_no_target(site: Client) -> None:
    due = timezone.now() + timedelta(hours=3)
    data = {"title": "Done", "priority": "high", "status": "resolved"}
    response = site.post(LIST + "add/", data | when("resolution_target", due))
    assert "clock has stopped" in errors(response)["resolution_target"][0]
    assert site.post(LIST + "add/", data).status_code == 302


def test_the_target_of_a_stopped_clock_is_read_only(site: Client) -> None:
    ticket = opened(first_responded_at=timezone.now())
    data = form_of(site, ticket)
    assert "response_target_0" not in data
    assert "resolution_target_0" in data
    due = timezone.now() + timedelta(hours=3)
    site.post(page_of(ticket), data | when("response_target", due))
    assert Ticket.objects.get().response_target == ticket.response_target


def test_a_clock_that_stops_while_the_form_is_open(site: Client) -> None:
    """The form was rendered with a target; when it comes back, there is none to set."""
    ticket = opened()
    due = timezone.now() + timedelta(hours=3)
    data = form_of(site, ticket, title="Stale", **when("resolution_target", due))
    ticket.status = data["status"] = "resolved"
    ticket.save()
    assert site.post(page_of(ticket), data).status_code == 302
    saved = Ticket.objects.get()
    assert (saved.title, saved.resolution_target) == ("Stale", ticket.resolution_target)


def test_what_the_model_refuses_is_told_and_not_saved(site: Client, monkeypatch: Any) -> None:
    """The clock stops between the check of the form and the save."""
    ticket = opened()
    due = timezone.now() + timedelta(hours=3)
    data = form_of(site, ticket, title="Raced", **when("resolution_target", due))

    def resolve(*args: Any) -> None:
        resolved = Ticket.objects.get()
        resolved.status = "resolved"
        resolved.save()

    monkeypatch.setattr(SLATicketForm, "_check", resolve)
    response = site.post(page_of(ticket), data, follow=True)
    assert "Not saved" in response.content.decode()
    assert Ticket.objects.get().title == "A ticket"


def test_what_fails_while_a_page_is_only_read_is_no_reason_to_load_it_again(boss: Any) -> None:
    def get_object(own: Any, request: Any, object_id: str, *args: Any) -> None:
        Ticket.objects.get(pk=object_id).sla.resume("Somebody looks at it")

    own = make_admin(Ticket, get_object=get_object)
    with pytest.raises(NotOnHold):
        own.changeform_view(request_by(boss), str(opened().pk))


def test_a_ticket_can_be_deleted(site: Client) -> None:
    ticket = opened()
    url = reverse("admin:desk_ticket_delete", args=[ticket.pk])
    assert site.get(url).status_code == 200
    assert site.post(url, {"post": "yes"}).status_code == 302
    assert not Ticket.objects.exists()


def test_timestamps_are_read_only(site: Client) -> None:
    ticket = opened()
    names = ("created_at", "first_responded_at", "resolved_at", "closed_at")
    html = site.get(page_of(ticket)).content.decode()
    changes: dict[str, str] = {}
    for name in names:
        assert f"field-{name}" in html
        assert f'name="{name}' not in html
        changes |= when(name, after(1)) | {name: "2026-03-02 10:00:00"}
    site.post(page_of(ticket), form_of(site, ticket, **changes))
    saved = Ticket.objects.get()
    assert [getattr(saved, name) for name in names] == [ticket.created_at, None, None, None]


def test_the_form_shows_both_badges_why_and_the_timeline(site: Client, boss: Any) -> None:
    ticket = opened(hours_ago=30)
    html = site.get(page_of(ticket)).content.decode()
    assert html.count('class="sla-badge sla-badge--breached"') == 2
    assert "counted of <b>8h</b> allowed" in html
    assert html.count("sla-timeline__step--target_breached") == 2
    assert "django_sla/sla.css" in html


def test_a_user_who_may_only_look_sees_and_changes_nothing(agent: Any) -> None:
    agent.user_permissions.add(Permission.objects.get(codename="view_ticket"))
    client = Client()
    client.force_login(agent)
    ticket = opened()
    html = client.get(page_of(ticket)).content.decode()
    assert "sla-timeline" in html
    assert "resolution_target_0" not in html
    assert "sla_reason" not in html
    assert client.post(page_of(ticket), when("resolution_target", after(9))).status_code == 403
    assert "IP address" not in client.get(history_of(ticket)).content.decode()


# The history


def test_the_history_shows_addresses_and_changes_in_words(site: Client, boss: Any) -> None:
    ticket = opened()
    due = (timezone.now() + timedelta(hours=3)).replace(microsecond=0)
    changes = when("resolution_target", due) | {"sla_reason": EVIL, "status": "pending"}
    site.post(page_of(ticket), form_of(site, ticket, **changes))
    html = site.get(history_of(ticket)).content.decode()
    assert "IP address" in html
    assert "203.0.113.9" in html
    assert re.search(r"<strong>Resolution target</strong>.*?→", html)
    assert re.search(r"<strong>Status</strong> Open .*?→.*? Pending", html)
    assert "&lt;script&gt;" in html
    assert EVIL not in html
    assert "django_sla/sla.css" in html


def test_the_history_tells_of_timestamps_which_no_form_edits(site: Client) -> None:
    ticket = opened()
    ticket.status = "resolved"
    ticket.save()
    html = site.get(history_of(ticket)).content.decode()
    assert re.search(r"<strong>Resolved at</strong> — .*?→", html)
    assert "Created at" not in html, "which has not changed"


def test_a_ticket_without_a_history_has_an_empty_page(site: Client) -> None:
    ticket = opened()
    ticket.history.all().delete()
    assert len(site.get(history_of(ticket)).context["page_obj"]) == 0


def test_a_past_version_can_be_looked_at_and_restored(site: Client) -> None:
    ticket = opened(title="First")
    due = ticket.resolution_target + timedelta(hours=1)
    ticket.title, ticket.status, ticket.resolution_target = "Second", "resolved", due
    ticket.save()
    version = ticket.history.earliest()
    url = reverse("admin:desk_ticket_simple_history", args=[ticket.pk, version.pk])
    html = site.get(url).content.decode()
    assert "First" in html
    assert "sla-badge" not in html, "a badge would tell of today"
    data = {"title": "First", "priority": "medium", "status": "open"}
    assert site.post(url, data).status_code == 302
    saved = Ticket.objects.get()
    assert (saved.title, saved.status) == ("First", "open")
    assert saved.sla.resolution.due > due, "reopened, with its target as it was set"


def test_a_history_of_the_hosts_own_has_no_address(boss: Any) -> None:
    request = request_by(boss)
    assert make_admin(OwnTicket).get_history_list_display(request) == []
    assert make_admin(UUIDTicket).get_history_list_display(request) == ["client_ip"]
    own = make_admin(Ticket, history_list_display=["client_ip", "title"])
    assert own.get_history_list_display(request) == ["client_ip", "title"]


# Together with what a host declares


def test_the_hosts_own_columns_and_filters_come_first(boss: Any) -> None:
    request = request_by(boss)
    plain = make_admin(Ticket)
    assert plain.get_list_display(request) == ["__str__", "sla_response", "sla_resolution"]
    own = make_admin(
        Ticket,
        list_display=["sla_resolution", "title"],
        list_filter=["status", ResolutionStateFilter],
    )
    assert own.get_list_display(request) == ["sla_resolution", "title", "sla_response"]
    assert own.get_list_filter(request) == ["status", ResolutionStateFilter]
    assert plain.get_list_filter(request) == [SLAStateFilter]


def test_fieldsets_of_the_host_stay_and_the_rest_is_added(boss: Any) -> None:
    request, ticket = request_by(boss), opened()
    own = make_admin(
        Ticket,
        fieldsets=[("Main", {"fields": ["title", ("status", "resolution_target")]})],
        readonly_fields=["title"],
    )
    fieldsets = own.get_fieldsets(request, ticket)
    assert fieldsets[0] == ("Main", {"fields": ["title", ("status", "resolution_target")]})
    names = flatten_fieldsets(fieldsets)
    assert len(names) == len(set(names))
    assert {"response_target", "created_at", "sla_status", "sla_timeline"} < set(names)
    assert own.get_readonly_fields(request, ticket)[0] == "title"
    assert set(own.get_form(request, ticket, change=True).base_fields) == {
        "status", "resolution_target", "response_target", "sla_reason",
    }  # fmt: skip


def test_panels_that_the_host_places_are_empty_on_a_new_ticket(boss: Any) -> None:
    request = request_by(boss)
    names = ["title", "sla_status", "sla_timeline", "sla_reason", "created_at"]
    own = make_admin(Ticket, fieldsets=[(None, {"fields": names})])
    assert flatten_fieldsets(own.get_fieldsets(request)) == [*names, *TARGETS]
    assert set(own.get_form(request).base_fields) == {"title", "sla_reason", *TARGETS}
    assert own.sla_status(Ticket()) == own.sla_timeline(Ticket()) == "—"


def test_fields_of_the_host_stay_and_the_rest_is_added(boss: Any) -> None:
    own = make_admin(Ticket, fields=["title", "created_at"])
    fieldsets = own.get_fieldsets(request_by(boss), opened())
    assert fieldsets[0][1]["fields"] == ["title", "created_at"]
    names = flatten_fieldsets(fieldsets)
    assert len(names) == len(set(names))


def test_a_field_that_the_host_excludes_stays_out(boss: Any) -> None:
    request, ticket = request_by(boss), opened()
    own = make_admin(Ticket, exclude=["resolution_target"])
    assert "resolution_target" not in flatten_fieldsets(own.get_fieldsets(request, ticket))
    assert "resolution_target" not in own.get_form(request, ticket, change=True).base_fields


def test_a_host_that_excludes_all_targets_has_no_empty_line_or_set(boss: Any) -> None:
    request, ticket = request_by(boss), opened()
    own = make_admin(Ticket, exclude=list(TARGETS))
    titles = [title for title, _options in own.get_fieldsets(request, ticket)]
    assert titles == [None, "Service level agreement", "Timeline"]
    (_own, (_title, options), _timeline) = own.get_fieldsets(request, ticket)
    assert options["fields"][1] == "sla_reason"
    assert [title for title, _options in own.get_fieldsets(request)] == [None]


def test_a_form_of_the_host_keeps_its_own_checks(boss: Any) -> None:
    class HostForm(forms.ModelForm):
        note = forms.CharField(required=False)

        def clean_title(self) -> str:
            raise forms.ValidationError("not this title")

    request, ticket = request_by(boss), opened()
    own = make_admin(Ticket, form=HostForm)
    form = own.get_form(request, ticket, change=True)(
        {"title": "x", "resolution_target_0": "2001-01-01", "resolution_target_1": "10:00"},
        instance=ticket,
    )
    assert form.errors["title"] == ["not this title"]
    assert "must be later" in form.errors["resolution_target"][0]
    assert "note" in form.fields


def test_targets_edited_in_the_list_are_checked(boss: Any) -> None:
    own = make_admin(Ticket, list_editable=["resolution_target"])
    form = own.get_changelist_form(request_by(boss), fields=["resolution_target"])
    bound = form(when("resolution_target", datetime(2001, 1, 1, tzinfo=UTC)), instance=opened())
    assert "must be later" in bound.errors["resolution_target"][0]


@pytest.mark.parametrize("model", [UUIDTicket, OwnTicket, BareTicket])
def test_ticket_models_of_other_kinds(boss: Any, model: Any) -> None:
    with as_of(MONDAY):
        ticket = model.objects.create()
    request = request_by(boss)
    own = make_admin(model)
    page = own.changeform_view(request, str(ticket.pk))
    shown = [
        field.contents()
        for fieldset in page.context_data["adminform"]
        for line in fieldset
        for field in line
        if field.is_readonly
    ]
    assert any("sla-timeline" in text for text in shown)
    assert own.get_queryset(request).get() == ticket
    with CaptureQueriesContext(connection) as captured:
        [own.sla_resolution(row) for row in own.get_queryset(request)]
    assert len(captured) == 2


def test_the_admin_passes_djangos_checks() -> None:
    assert admin.site.get_model_admin(Ticket).check() == []
