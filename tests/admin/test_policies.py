"""The admin of policies, through its pages."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from django_sla import registry
from django_sla.admin.condition_form import field_choices
from django_sla.admin.lists import read_list, write_list
from django_sla.admin.old_terms import tickets_on_old_terms
from django_sla.admin.policy_form import PolicyForm
from django_sla.core.metric import Fact, Metric
from django_sla.models import Calendar, Policy
from tests.admin.browser import Form
from tests.hosts.desk.models import Department, Project, Ticket
from tests.hosts.variety.models import UUIDTicket

pytestmark = pytest.mark.django_db

LIST = "/admin/django_sla/policy/"
ADD = f"{LIST}add/"
VALUES = f"{LIST}values/"
GOALS = {"urgent": {"response": "1h"}, "*": {"response": "4h", "resolution": "1d"}}
GOAL = "All others: Response"


@pytest.fixture
def site() -> Client:
    client = Client(REMOTE_ADDR="203.0.113.9")
    client.force_login(get_user_model().objects.create_superuser("boss"))
    return client


@pytest.fixture(autouse=True)
def desk() -> Iterator[None]:
    """The desk's tickets are the only ones."""
    kept = dict(registry.tickets)
    registry.tickets.clear()
    registry.tickets[Ticket] = kept[Ticket]
    yield
    registry.tickets.clear()
    registry.tickets.update(kept)


def staff(*permissions: str) -> Client:
    user = get_user_model().objects.create_user(f"staff {permissions}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def policy(name: str = "Gold", **fields: Any) -> Policy:
    return Policy.objects.create(**{"name": name, "goals": GOALS, **fields})


def condition(field: str, operator: str, value: Any) -> dict[str, Any]:
    return {"field": field, "operator": operator, "value": value}


def page_of(row: Policy) -> str:
    return f"{LIST}{row.pk}/change/"


def html(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, response
    return response.content.decode()


def rows(*conditions: tuple[str, str, str]) -> dict[str, str]:
    """What is typed into the table of conditions."""
    return {
        f"conditions-{number}-{name}": value
        for number, row in enumerate(conditions)
        for name, value in zip(("field", "operator", "value"), row, strict=True)
    }


# Goals


def test_a_policy_is_added(site: Client) -> None:
    said = Form(site, ADD).saved(
        name="Gold", **{"Urgent: Response": "60m", "Urgent: Resolution": "PT4H", GOAL: "1d 2h"}
    )
    assert "was added successfully" in said[0]
    row = Policy.objects.get()
    assert row.goals == {
        "urgent": {"response": "1h", "resolution": "4h"},
        "*": {"response": "1d 2h"},
    }
    assert (row.conditions, row.calendar, row.at_risk, row.reopening) == ([], None, None, "")
    made = row.history.get()
    assert (made.history_user.username, made.client_ip) == ("boss", "203.0.113.9")


def test_goals_are_a_table_of_priorities_and_metrics(site: Client) -> None:
    form = Form(site, page_of(policy()))
    assert form.data[form.labels["Urgent: Response"]] == "1h"
    assert form.data[form.labels["All others: Resolution"]] == "1d"
    assert form.data[form.labels["Low: Next response"]] == ""
    for head in ("Urgent", "High", "Medium", "Low", "All others"):
        assert f'<th scope="row">{head}<input type="hidden"' in form.html
    assert '<th scope="col" class="column-next_response">Next response</th>' in form.html
    assert "Add another priority" not in form.html


def test_a_metric_of_the_host_is_a_column(site: Client) -> None:
    archiving = Metric(name="archiving", starts=Fact.RESOLVED, stops=frozenset({Fact.CLOSED}))
    registry.register_metric(archiving)
    try:
        Form(site, ADD).saved(name="Gold", **{"Low: Archiving": "2w"})
    finally:
        registry.unregister_metric("archiving")
    assert Policy.objects.get().goals == {"low": {"archiving": "14d"}}


def test_goals_that_cannot_be_read_are_told_at_their_cells(site: Client) -> None:
    again = Form(site, ADD).refused(
        name="Gold",
        **{
            "Urgent: Response": "4",
            "High: Response": "0h",
            "Medium: Response": "600w",
            GOAL: "soon",
        },
    )
    errors = again.errors()
    assert errors.pop("goals-4-response")[0].startswith("'soon' is not a duration")
    assert errors == {
        "goals": ["Correct the cells that are marked."],
        "goals-0-response": [
            "'4' is not a duration; "
            'write it as "4h", "1d 2h 30m" or "PT4H30M" (units: w, d, h, m, s)'
        ],
        "goals-1-response": ["A goal must be longer than nothing."],
        "goals-2-response": ["A goal must not be longer than ten years."],
    }
    assert again.data[again.labels["Urgent: Response"]] == "4"


def test_a_policy_without_goals_is_refused_at_the_goals(site: Client) -> None:
    assert Form(site, ADD).refused(name="Gold").errors() == {"goals": ["Give at least one goal."]}


def test_a_priority_that_no_ticket_has_any_more_is_shown_and_refused(site: Client) -> None:
    row = policy()
    Policy.objects.filter(pk=row.pk).update(goals=GOALS | {"p9": {"response": "1h"}})
    form = Form(site, page_of(row))
    assert form.data["goals-5-priority"] == "p9"
    assert form.refused().errors() == {
        "goals": ["No ticket has the priority “p9”; there is urgent, high, medium, low."]
    }
    assert Form(site, page_of(row)).send(**{"goals-5-response": ""}).status_code == 302


def test_where_tickets_have_any_priority_people_name_their_own(site: Client) -> None:
    registry.tickets.clear()
    registry.tickets[UUIDTicket] = UUIDTicket.sla
    form = Form(site, ADD)
    assert "Add another priority" in form.html
    again = form.refused(
        name="Gold",
        **{
            "goals-5-priority": "P1",
            "goals-5-response": "1h",
        },
        **{"Urgent: Response": "never"},
    )
    assert again.data["goals-5-priority"] == "P1"
    again.saved(**{"Urgent: Response": ""})
    assert Policy.objects.get().goals == {"p1": {"response": "1h"}}


def test_a_form_of_the_host_may_ask_what_was_changed(site: Client) -> None:
    class OwnForm(PolicyForm):
        def clean(self) -> Any:
            self.add_error(None, f"Changed: {', '.join(self.changed_data)}")
            return super().clean()

    row = policy()
    form = Form(site, page_of(row))
    changes = form.named({GOAL: "never"}) | {"name": "Platinum"}
    assert OwnForm({**form.data, **changes}, instance=row).non_field_errors() == [
        "Changed: name, goals"
    ]


def test_a_part_that_the_host_lets_nobody_change_is_not_in_the_form(
    site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = policy(escalations=[])
    model_admin = admin.site.get_model_admin(Policy)
    monkeypatch.setattr(model_admin, "readonly_fields", ["escalations"])
    form = Form(site, page_of(row))
    assert not [name for name in form.data if name.startswith("escalations")]
    form.saved(name="Platinum", **{"escalations-0-when": "due"})
    row.refresh_from_db()
    assert (row.name, row.escalations) == ("Platinum", [])


def test_a_priority_is_named_once_and_always(site: Client) -> None:
    registry.tickets.clear()
    registry.tickets[UUIDTicket] = UUIDTicket.sla
    row = policy(goals={"p1": {"response": "1h"}})
    again = Form(site, page_of(row)).refused(
        **{
            "goals-6-priority": "P1",
            "goals-6-response": "2h",
        }
    )
    assert again.errors()["goals-6-priority"] == ["This priority is given twice."]
    again = Form(site, page_of(row)).refused(**{"goals-5-priority": ""})
    assert again.errors()["goals-5-priority"] == ["Give a priority."]


def test_goals_that_shrink_with_lower_priority_are_warned_of(site: Client) -> None:
    said = Form(site, ADD).saved(
        name="Gold", **{"Urgent: Response": "8h", "Low: Response": "4h", GOAL: "4h"}
    )
    assert said[-1] == (
        "The goals for response are shorter for a lower priority: urgent 8h, low 4h."
    )


# Conditions


def test_conditions_are_added(site: Client) -> None:
    network = Department.objects.create(name="Network")
    conditions = rows(
        ("department", "is", "network"),
        ("priority", "in", "Urgent, high"),
        ("project__key", "starts_with", "OPS"),
        ("assignee", "empty", ""),
    )
    form = Form(site, ADD)
    form.data["conditions-TOTAL_FORMS"] = "4"  # as the script does for another row
    form.saved(name="Gold", **conditions, **{GOAL: "4h"})
    assert Policy.objects.get().conditions == [
        condition("department", "is", network.pk) | {"label": "Network"},
        condition("priority", "in", ["urgent", "high"]) | {"label": "Urgent, High"},
        condition("project__key", "starts_with", "OPS"),
        {"field": "assignee", "operator": "empty"},
    ]


def test_saved_conditions_are_shown_with_what_their_keys_stand_for(site: Client) -> None:
    network = Department.objects.create(name="Network")
    row = policy(
        conditions=[
            condition("department", "is", network.pk),
            condition("project__key", "in", ["OPS", "A,B", 'say "x"']),
            condition("priority", "is", "urgent"),
        ]
    )
    form = Form(site, page_of(row))
    assert form.data["conditions-0-value"] == str(network.pk)
    assert form.data["conditions-1-value"] == 'OPS, "A,B", "say ""x"""'
    assert form.html.count('<p class="sla-rows__note">') == 1
    assert '<p class="sla-rows__note">Network</p>' in form.html
    assert form.send().status_code == 302
    before = row.conditions
    row.refresh_from_db()
    assert row.conditions == before
    assert row.history.count() == 2


@pytest.mark.parametrize(
    ("typed", "cell", "message"),
    [
        (("", "is", "x"), "field", "Choose a field."),
        (("colour", "is", "x"), "field", "No ticket has a field “colour”."),
        (
            ("department", "is", "x"),
            "value",
            "There is no department “x”; give its key, or a name that only it has.",
        ),
        (
            ("priority", "is", "x"),
            "value",
            "“x” is not among the choices: urgent, high, medium, low.",
        ),
        (("priority", "is", ""), "value", "Give a value, or compare with “is empty”."),
        (("priority", "in", ","), "value", "Give at least one value."),
        (
            ("department", "contains", "x"),
            "operator",
            "This field can be compared with: "
            "is, is not, is one of, is none of, is empty, is not empty.",
        ),
    ],
)
def test_a_condition_that_is_wrong_is_told_at_its_cell(
    site: Client, typed: tuple[str, str, str], cell: str, message: str
) -> None:
    again = Form(site, ADD).refused(name="Gold", **rows(typed), **{GOAL: "4h"})
    assert again.errors() == {
        "conditions": ["Correct the cells that are marked."],
        f"conditions-0-{cell}": [message],
    }
    assert again.data["conditions-0-value"] == typed[2]
    assert again.data["conditions-0-field"] == typed[0]


def test_conditions_that_no_ticket_can_match_are_told_at_the_table(site: Client) -> None:
    both = rows(("priority", "is", "urgent"), ("priority", "is", "low"))
    again = Form(site, ADD).refused(name="Gold", **both, **{GOAL: "4h"})
    assert again.errors() == {
        "conditions": ["No ticket can match: “priority” cannot have two values."]
    }


def test_an_emptied_condition_is_removed(site: Client) -> None:
    row = policy(conditions=[condition("priority", "is", "low")])
    Form(site, page_of(row)).saved(**rows(("", "is", "")))
    row.refresh_from_db()
    assert row.conditions == []


def test_a_field_that_is_gone_stays_in_the_form_and_is_refused(site: Client) -> None:
    row = policy()
    Policy.objects.filter(pk=row.pk).update(conditions=[condition("colour", "is", "red")])
    form = Form(site, page_of(row))
    assert form.data["conditions-0-field"] == "colour"
    assert "conditions-0-field" in form.refused().errors()


def test_fields_are_offered_with_their_own_before_those_one_step_away(site: Client) -> None:
    (_none, (group, offered)) = field_choices()
    assert group == "Ticket"
    labels = dict(offered)
    assert labels["priority"] == "Priority"
    assert labels["project__key"] == "Project → key"
    assert "assignee__password" not in labels
    steps = ["__" in path for path in labels]
    assert steps == sorted(steps)
    form = Form(site, ADD)
    assert "Project → key" in form.options["conditions-0-field"]
    assert 'data-operators="is is_not in not_in empty not_empty">Department' in form.html


def test_of_several_kinds_of_ticket_what_they_share_is_offered_once() -> None:
    registry.tickets[UUIDTicket] = UUIDTicket.sla
    groups = dict(field_choices()[1:])
    assert list(groups) == ["Several kinds of ticket", "Ticket"]
    shared = [path for path, _label in groups["Several kinds of ticket"]]
    assert shared[0] == "_meta__label"
    assert {"priority", "status"} <= set(shared)
    assert "title" in dict(groups["Ticket"])


def test_lists_are_written_with_commas_and_quotes() -> None:
    for values in (["a", "b"], ["a,b", "c"], ['say "x"'], ["x"]):
        assert read_list(write_list(values)) == values
    assert read_list(" a , ,b,") == ["a", "b"]
    assert read_list("") == []


# Suggestions


def suggested(client: Client, **query: str) -> list[tuple[str, str]]:
    response = client.get(VALUES, query)
    assert response.status_code == 200, response
    return [(found["value"], found["label"]) for found in json.loads(response.content)["values"]]


def test_choices_are_suggested_by_their_labels(site: Client) -> None:
    assert suggested(site, field="priority", q="ur") == [("urgent", "Urgent")]
    assert len(suggested(site, field="priority")) == 4
    assert suggested(site, field="requester__is_staff", q="y") == [("yes", "yes")]


def test_rows_are_suggested_by_name_and_no_more_than_twenty(site: Client) -> None:
    for number in range(25):
        Department.objects.create(name=f"Network {number}")
    other = Department.objects.create(name="Security")
    assert len(suggested(site, field="department", q="network")) == 20
    assert suggested(site, field="department", q="SEC") == [(str(other.pk), "Security")]


def test_kinds_of_ticket_are_suggested(site: Client) -> None:
    assert suggested(site, field="_meta__label") == [("desk.Ticket", "ticket")]


def test_what_tickets_have_and_what_is_not_asked_is_not_suggested(site: Client) -> None:
    Ticket.objects.create(title="Secret")
    for field in ("title", "project__key", "assignee__password", "nonsense", "", "id"):
        assert suggested(site, field=field) == []


def test_suggestions_are_for_those_who_may_change_policies_and_see_the_rows() -> None:
    Department.objects.create(name="Network")
    assert Client().get(VALUES).status_code == 302
    assert staff("view_policy").get(VALUES, {"field": "priority"}).status_code == 403
    changer = staff("change_policy")
    assert suggested(changer, field="department") == []
    assert len(suggested(changer, field="priority")) == 4
    assert len(suggested(staff("add_policy", "view_department"), field="department")) == 1


def test_the_form_tells_the_script_where_suggestions_are(site: Client) -> None:
    assert f'data-values="{VALUES}"' in Form(site, ADD).html


# Order, fallback, dates, defaults


def test_a_new_policy_is_asked_last(site: Client) -> None:
    assert Form(site, ADD).data["order"] == "10"
    policy(order=25)
    assert Form(site, ADD).data["order"] == "35"


def test_what_is_left_empty_says_what_holds_instead(site: Client, settings: Any) -> None:
    settings.DJANGO_SLA = {
        "CALENDARS": {"office": {"tz": "UTC", "hours": {"mon": [("09:00", "17:00")]}}},
        "CALENDAR": "office",
        "AT_RISK": 60,
        "REOPENING": "restart",
    }
    form = Form(site, ADD)
    assert form.options["calendar"][0] == "As the settings say: office"
    assert form.options["reopening"][0] == "As the settings say: a new clock starts"
    assert 'placeholder="60"' in form.html


def test_a_second_fallback_is_refused_at_its_field(site: Client) -> None:
    policy("First", fallback=True)
    again = Form(site, ADD).refused(name="Second", fallback="on", **{GOAL: "4h"})
    assert again.errors() == {
        "fallback": ["“First” is the fallback; only one policy can be."],
    }


def test_a_period_that_ends_before_it_begins_is_refused_at_its_end(site: Client) -> None:
    again = Form(site, ADD).refused(
        name="Gold",
        effective_from_0="2026-02-01",
        effective_from_1="00:00",
        effective_until_0="2026-01-01",
        effective_until_1="00:00",
        **{GOAL: "4h"},
    )
    assert list(again.errors().values()) == [["The end must be later than the beginning."]]


def test_a_policy_is_saved_as_new_under_another_name(site: Client) -> None:
    row = policy(conditions=[condition("priority", "is", "low")])
    form = Form(site, page_of(row))
    assert form.send("_saveasnew").status_code == 200
    assert form.send("_saveasnew", name="Silver").status_code == 302
    copy = Policy.objects.get(name="Silver")
    assert (copy.goals, copy.conditions) == (row.goals, row.conditions)


def test_the_pages_have_no_inline_script_or_style(site: Client) -> None:
    for url in (ADD, page_of(policy()), LIST):
        page = html(site, url)
        for inline in (" style=", " onclick=", "<style", "<script>"):
            assert inline not in page


# The list


def test_the_list_speaks_in_words(site: Client) -> None:
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})
    policy("Every", order=30)
    policy(
        "Gold",
        order=10,
        calendar=office,
        conditions=[condition("priority", "is", "urgent"), condition("title", "contains", "<b>")],
        effective_from=datetime(2026, 1, 1, tzinfo=UTC),
    )
    policy("Off", enabled=False, order=20)
    page = html(site, LIST)
    for said in (
        "Priority is Urgent",
        "Title contains &lt;b&gt;",
        "every ticket",
        "Response 1h–4h",
        "Resolution 1d",
        "from 01/01/2026 midnight",
        "disabled",
        "as the settings say",
        "Office",
    ):
        assert said in page, said
    assert page.index(">Gold<") < page.index(">Off<") < page.index(">Every<")


def test_the_order_is_edited_in_the_list(site: Client) -> None:
    first, second = policy("First", order=1), policy("Second", order=2)
    response = Form(site, LIST).send(**{"Order: First": "9"})
    assert response.status_code == 302
    first.refresh_from_db()
    assert first.order == 9
    assert first.history.latest().history_user.username == "boss"
    assert second.history.count() == 1


def test_a_policy_that_is_not_valid_any_more_says_so_in_the_list(site: Client) -> None:
    row = policy("First", order=1)
    Policy.objects.filter(pk=row.pk).update(conditions=[condition("colour", "is", "red")], goals={})
    response = Form(site, LIST).send(**{"form-0-order": "9"})
    page = response.content.decode()
    assert "Conditions: Condition 1: No ticket has a field “colour”." in page
    assert "Goals: Give at least one goal." in page
    row.refresh_from_db()
    assert row.order == 1


def test_a_policy_that_is_never_asked_is_told_in_the_list(site: Client) -> None:
    policy("Every", order=1)
    policy("Gold", order=2, conditions=[condition("priority", "is", "urgent")])
    policy("Last", fallback=True)
    page = html(site, LIST)
    assert page.count("Never asked: “Every” comes before it and is for every ticket.") == 2


def test_a_policy_with_dates_does_not_stand_before_others(site: Client) -> None:
    policy("January", order=1, effective_until=datetime(2026, 2, 1, tzinfo=UTC))
    policy("Gold", order=2)
    assert "Never asked" not in html(site, LIST)


def test_the_list_is_a_constant_number_of_queries(site: Client) -> None:
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})

    def queries(count: int) -> int:
        Policy.objects.all().delete()
        for number in range(count):
            policy(str(number), calendar=office, conditions=[condition("priority", "is", "low")])
        Ticket.objects.create(priority="low")
        html(site, LIST)  # the policies of this edition are read once
        with CaptureQueriesContext(connection) as captured:
            html(site, LIST)
        return len(captured)

    assert queries(9) == queries(2)


def test_filters_come_with_many_policies(site: Client) -> None:
    policy("One")
    assert "changelist-filter" not in html(site, LIST)
    for number in range(20):
        policy(f"P{number}")
    assert "By enabled" in html(site, LIST)


# What a save means


def test_a_save_says_how_many_open_tickets_keep_their_terms(site: Client) -> None:
    row = policy()
    Ticket.objects.create()
    Ticket.objects.create(status="closed")
    said = Form(site, page_of(row)).saved(**{GOAL: "5h"})
    assert "New tickets get the new terms. 1 open ticket keeps its own." in said[1]
    assert f"?policy={row.pk}" in said[1]
    page = html(site, LIST)
    assert f'?policy={row.pk}">1</a>' in page


def test_tickets_keep_the_terms_of_a_policy_under_its_earlier_name(site: Client) -> None:
    row = policy()
    for _ in range(2):
        Ticket.objects.create()
    said = Form(site, page_of(row)).saved(name="Platinum")
    assert "2 open tickets keep theirs." in said[1]


def test_a_name_that_another_policy_has_taken_counts_for_that_one() -> None:
    first = policy("Gold")
    Ticket.objects.create()
    first.name = "Platinum"
    first.save()
    assert tickets_on_old_terms("default") == {first.pk: 1}
    second = policy("Gold", goals={"*": {"response": "9h"}})
    assert tickets_on_old_terms("default") == {second.pk: 1}


def test_a_policy_without_a_history_counts_its_tickets() -> None:
    row = policy()
    Ticket.objects.create()
    row.history.all().delete()
    Policy.objects.filter(pk=row.pk).update(goals={"*": {"response": "9h"}})
    assert tickets_on_old_terms("default") == {row.pk: 1}


def test_a_save_that_changes_no_terms_says_nothing_of_tickets(site: Client) -> None:
    row = policy()
    Ticket.objects.create()
    assert len(Form(site, page_of(row)).saved(order="7")) == 1


def test_a_new_policy_says_that_it_is_for_new_tickets(site: Client) -> None:
    said = Form(site, ADD).saved(name="Gold", **{GOAL: "4h"})
    assert said[1].startswith(
        "It is for new tickets; open tickets keep their terms until it is applied."
    )
    assert f"?policy={Policy.objects.get().pk}" in said[1]


def test_who_may_not_apply_policies_gets_no_link() -> None:
    client = staff("add_policy", "change_policy")
    said = Form(client, ADD).saved(name="Gold", **{GOAL: "4h"})
    assert "<a" not in said[1]
    Ticket.objects.create()
    said = Form(client, page_of(Policy.objects.get())).saved(**{GOAL: "5h"})
    assert said[1] == "New tickets get the new terms. 1 open ticket keeps its own."
    assert "?policy=" not in html(client, LIST)


def test_a_policy_that_is_never_asked_is_warned_of(site: Client) -> None:
    policy("Every", order=1)
    said = Form(site, ADD).saved(
        name="Gold", order="2", **rows(("priority", "is", "urgent")), **{GOAL: "4h"}
    )
    assert said[-1] == "Never asked: “Every” comes before it and is for every ticket."


def test_a_policy_that_keeps_others_from_being_asked_is_warned_of(site: Client) -> None:
    policy("Gold", order=2, conditions=[condition("priority", "is", "urgent")])
    said = Form(site, ADD).saved(name="Every", order="1", **{GOAL: "4h"})
    assert said[-1] == "“Gold” is never asked any more, because this one is for every ticket."


def test_a_policy_that_has_no_part_in_it_is_not_warned_of_others(site: Client) -> None:
    policy("Every", order=1)
    policy("Gold", order=2, conditions=[condition("priority", "is", "urgent")])
    said = Form(site, ADD).saved(
        name="First", order="0", **rows(("priority", "is", "low")), **{GOAL: "4h"}
    )
    assert not [text for text in said if "ever asked" in text]


# Reading only


def test_who_may_only_look_reads_words() -> None:
    client = staff("view_policy")
    row = policy(conditions=[condition("priority", "is", "urgent")])
    page = html(client, page_of(row))
    assert "Priority is Urgent" in page
    assert "As the settings say: always" in page
    assert "As the settings say: 75 %" in page
    assert "As the settings say: the same clock goes on" in page
    assert '<th scope="row">All others</th>' in page
    assert "{&quot;" not in page
    assert '<input type="text"' not in page.partition('id="policy_form"')[2]
    html(client, LIST)


def test_who_may_only_look_sees_what_the_policy_says_itself() -> None:
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})
    row = policy(calendar=office, at_risk=50, reopening="keep", escalations=[])
    page = html(staff("view_policy"), page_of(row))
    assert "Office" in page
    assert "the first resolution stands" in page
    assert "As the settings say" not in page


def test_pages_are_for_those_with_a_permission() -> None:
    row = policy()
    client = staff("view_calendar")
    for url in (LIST, ADD, page_of(row), f"{LIST}{row.pk}/history/"):
        assert client.get(url).status_code == 403


# The history


def test_the_history_tells_each_change_in_words(site: Client) -> None:
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})
    row = policy(conditions=[condition("priority", "is", "urgent")])
    Form(site, page_of(row)).saved(
        calendar=str(office.pk),
        reopening="keep",
        **rows(("priority", "is_not", "low")),
        **{"Urgent: Response": "30m", "All others: Resolution": "", "High: Response": "2h"},
    )
    url = f"{LIST}{row.pk}/history/"
    (newest, _oldest) = site.get(url).context["page_obj"]
    told = [(c["field"], c["old"], c["new"]) for c in newest.history_delta_changes]
    assert told == [
        ("Calendar", "—", "Office"),
        ("Conditions", "Priority is Urgent", "Priority is not Low"),
        ("Goals: Urgent, Response", "1h", "30m"),
        ("Goals: All others, Resolution", "1d", "—"),
        ("Goals: High, Response", "—", "2h"),
        ("Reopening", "—", "the first resolution stands"),
    ]
    assert "203.0.113.9" in html(site, url)
    assert "203.0.113.9" not in html(staff("view_policy"), url)
    assert "203.0.113.9" in html(staff("view_policy", "view_ip"), url)


def test_a_history_with_rows_written_past_the_validation_is_shown(site: Client) -> None:
    row = policy()
    row.history.update(conditions=[{"nonsense": "<b>"}])
    row.save()
    page = html(site, f"{LIST}{row.pk}/history/")
    assert "&lt;b&gt;" in page


def test_an_earlier_version_can_be_brought_back(site: Client) -> None:
    Project.objects.create(key="OPS")
    row = policy(conditions=[condition("project", "is", "OPS")])
    before = row.conditions
    row.conditions = []
    row.save()
    form = Form(site, f"{LIST}{row.pk}/history/{row.history.earliest().pk}/")
    assert "OPS" in form.html
    assert form.send().status_code == 302
    row.refresh_from_db()
    assert row.conditions == before
