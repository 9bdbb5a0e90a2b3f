"""Which policies are in force: from where, since when, for whom, and for how many queries."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from django_sla import registry
from django_sla.core.calendar import Calendar as CalendarValue
from django_sla.core.condition import where
from django_sla.core.policy import Policy as PolicyValue
from django_sla.core.policy import Source
from django_sla.models import Calendar, Policy
from django_sla.moment import as_of
from django_sla.tables import edition, effective
from django_sla.tables.effective import last_known, policies
from tests.conftest import MONDAY, after
from tests.hosts.desk.models import Comment, Project, Ticket
from tests.hosts.variety.models import ExtendedTicket
from tests.hosts.vendor.models import VendorTicket

pytestmark = pytest.mark.django_db

GOALS = {"*": {"response": "1h"}}
ROOT = Path(__file__).parents[2]


def policy(name: str, **fields: Any) -> Policy:
    return Policy.objects.create(name=name, **{"goals": GOALS, **fields})


def title_is(value: str) -> list[dict[str, Any]]:
    return [{"field": "title", "operator": "is", "value": value}]


def names() -> list[str]:
    return [found.name for found in policies("default").all]


def taken(ticket: Any) -> str:
    """The name of the policy that the ticket's clocks are pinned to."""
    return ticket.sla.clock("response").terms.name


def by_another_process(token: str, **columns: Any) -> None:
    """Write to all policies and change the token, past everything that this process notices."""
    with connection.cursor() as cursor:
        for name, value in columns.items():
            cursor.execute(f"UPDATE django_sla_policy SET {name} = %s", [value])
        cursor.execute("UPDATE django_sla_edition SET token = %s", [token])


@pytest.fixture
def in_code() -> Iterator[None]:
    registry.register_policy(PolicyValue.build("Code", GOALS, when=where(title="code")))
    yield
    registry.unregister_policy("Code")


# Order


def test_database_code_settings_fallback_default(in_code: None, settings: Any) -> None:
    settings.DJANGO_SLA = {"POLICIES": [{"name": "Settings", "goals": GOALS}]}
    policy("Everybody", fallback=True)
    policy("Second", order=2)
    policy("First", order=1)
    policy("Also second", order=2)
    assert names() == [
        "First",
        "Also second",
        "Second",
        "Code",
        "Settings",
        "Everybody",
        "default",
    ]
    assert [found.source for found in policies("default").all] == [
        Source.DATABASE,
        Source.DATABASE,
        Source.DATABASE,
        Source.CODE,
        Source.SETTINGS,
        Source.DATABASE,
        Source.DEFAULT,
    ]


def test_the_fallback_takes_what_is_left(settings: Any) -> None:
    settings.DJANGO_SLA = {
        "POLICIES": [{"name": "Settings", "when": {"title": "settings"}, "goals": GOALS}]
    }
    policy("Everybody", fallback=True)
    assert taken(Ticket.objects.create(title="settings")) == "Settings"
    assert taken(Ticket.objects.create()) == "Everybody"


def test_a_database_without_policies_changes_nothing(in_code: None) -> None:
    assert names() == ["Code", "default"]


def test_one_that_is_disabled_is_not_in_force() -> None:
    gold = policy("Gold")
    assert names() == ["Gold", "default"]
    gold.enabled = False
    gold.save()
    assert names() == ["default"]
    assert taken(Ticket.objects.create()) == "default"


def test_one_is_taken_while_it_is_effective_by_when_the_ticket_was_opened() -> None:
    policy("Winter", effective_until=MONDAY)
    policy("Spring", effective_from=MONDAY, effective_until=after(10))
    for hours, name in ((-1, "Winter"), (0, "Spring"), (9, "Spring"), (10, "default")):
        with as_of(after(hours)):
            assert taken(Ticket.objects.create()) == name


def test_what_the_settings_say_for_all_follows_the_settings(settings: Any) -> None:
    policy("Gold")
    for percentage in (50, 60):
        settings.DJANGO_SLA = {"AT_RISK": percentage}
        assert policies("default").all[0].terms.at_risk == percentage


# Edits


def test_an_edit_is_in_force_at_the_next_ticket() -> None:
    gold = policy("Gold", conditions=title_is("gold"))
    assert taken(Ticket.objects.create(title="gold")) == "Gold"
    gold.name = "Platinum"
    gold.save()
    assert taken(Ticket.objects.create(title="gold")) == "Platinum"
    gold.delete()
    assert taken(Ticket.objects.create(title="gold")) == "default"


def test_an_edit_of_a_calendar_is_in_force_at_the_next_ticket() -> None:
    office = Calendar.objects.create(name="Office", tz="UTC", hours={"mon": [["09:00", "17:00"]]})
    policy("Gold", calendar=office)
    assert policies("default").all[0].terms.calendar == office.value()
    office.tz = "Asia/Tokyo"
    office.save()
    assert policies("default").all[0].terms.calendar == CalendarValue(
        "Asia/Tokyo", hours={"mon": [("09:00", "17:00")]}
    )


def test_what_another_process_edits_is_in_force_at_the_next_ticket() -> None:
    policy("Gold")
    ticket = Ticket.objects.create()
    assert taken(ticket) == "Gold"
    by_another_process("another", name="Platinum")
    assert taken(Ticket.objects.create()) == "Platinum"
    by_another_process("and another", name="Silver")
    ticket.priority = "low"
    ticket.save()
    assert taken(ticket) == "Silver"
    by_another_process("and one more", name="Bronze")
    Ticket.objects.update(priority="high")
    assert taken(Ticket.objects.get(pk=ticket.pk)) == "Bronze"


SCRIPT = """
from tests import settings
settings.DATABASES = {"default": settings.DATABASES["default"] | {"NAME": %r}}
import django
django.setup()
from django_sla.models import Policy
Policy.objects.create(name="Platinum", goals={"*": {"response": "1h"}})
"""


@pytest.mark.django_db(transaction=True)
def test_what_a_process_beside_this_one_saves_is_in_force_at_the_next_ticket() -> None:
    ticket = Ticket.objects.create()
    assert taken(ticket) == "default"
    script = SCRIPT % str(connection.settings_dict["NAME"])
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)
    ticket.priority = "low"
    ticket.save()
    assert taken(ticket) == "Platinum"
    assert taken(Ticket.objects.create()) == "Platinum"


def test_an_edit_that_is_rolled_back_is_not_in_force() -> None:
    gold = policy("Gold")
    ticket = Ticket.objects.create()
    with transaction.atomic():
        gold.name = "Platinum"
        gold.save()
        assert taken(Ticket.objects.create()) == "Platinum", "inside it is"
        transaction.set_rollback(True)
    assert names() == ["Gold", "default"]
    assert taken(Ticket.objects.create()) == "Gold"
    ticket.priority = "low"
    ticket.save()
    assert taken(ticket) == "Gold"


def test_what_was_rolled_back_is_never_kept_as_what_was_before(settings: Any) -> None:
    """Where a process has to read all policies anew in the middle of it."""
    gold = policy("Gold")
    ticket = Ticket.objects.create()
    with transaction.atomic():
        gold.name = "Platinum"
        gold.save()
        settings.DJANGO_SLA = {"AT_RISK": 50}
        ticket.priority = "low"
        ticket.save()
        assert taken(ticket) == "Platinum"
        transaction.set_rollback(True)
    assert names() == ["Gold", "default"]


# What cannot be read


@pytest.mark.parametrize(
    ("column", "document"),
    [
        ("conditions", [{"field": "title"}]),
        ("conditions", ["title"]),
        ("conditions", 5),
        ("conditions", [{"field": "serial_number", "operator": "is", "value": "many"}]),
        ("conditions", [{"field": "title", "operator": "in", "value": 5}]),
        ("goals", {"*": {"response": "soon"}}),
        ("goals", {"*": "1h"}),
        ("goals", []),
        ("goals", {"*": {"response": 10**400}}),
    ],
)
def test_one_that_cannot_be_read_is_left_out_and_logged(
    column: str, document: Any, caplog: pytest.LogCaptureFixture
) -> None:
    policy("Broken", order=1)
    policy("Whole", order=2)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE django_sla_policy SET {column} = %s WHERE name = 'Broken'",
            [json.dumps(document)],
        )
    edition.revise("default")
    assert taken(Ticket.objects.create()) == "Whole"
    assert names() == ["Whole", "default"]
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage().startswith(
        "The policy 'Broken' in the database cannot be read and is left out: "
    )


def test_one_whose_calendar_cannot_be_read_is_left_out(caplog: pytest.LogCaptureFixture) -> None:
    office = Calendar.objects.create(name="Office", hours={"mon": [["09:00", "17:00"]]})
    policy("Broken", calendar=office)
    policy("Whole")
    Calendar.objects.update(hours={})
    assert names() == ["Whole", "default"]
    assert "so it would never open" in caplog.text


def test_what_no_number_is_breaks_no_ticket(caplog: pytest.LogCaptureFixture) -> None:
    policy("Broken")
    document = '[{"field": "serial_number", "operator": "at_least", "value": 1e400}]'
    if connection.vendor == "postgresql":
        pytest.skip("jsonb reads it as a number of 400 digits")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_sla_policy SET conditions = %s", [document])
    edition.revise("default")
    assert names() == ["default"]


# Tenants


@pytest.fixture
def switch() -> Any:
    """Become the database of one of two tenants, as the schemas of a server are switched."""
    policy("A")
    policy("B")
    Ticket.objects.create()

    def become(tenant: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute("UPDATE django_sla_policy SET enabled = (name = %s)", [tenant])
            cursor.execute("UPDATE django_sla_edition SET token = %s", [tenant * 32])

    return become


def test_tenants_never_see_the_policies_of_each_other(switch: Any) -> None:
    ticket = Ticket.objects.get()
    for tenant in "ABBABAAB":
        switch(tenant)
        assert taken(Ticket.objects.create()) == tenant
        ticket.priority = "low" if ticket.priority == "high" else "high"
        ticket.save()
        assert taken(ticket) == tenant
        assert names() == [tenant, "default"]


@pytest.mark.parametrize("reason", ["too many tenants", "other settings"])
def test_nor_where_policies_are_no_longer_kept(switch: Any, settings: Any, reason: str) -> None:
    ticket = Ticket.objects.get()
    for turn, tenant in enumerate("ABABBA"):
        switch(tenant)
        if reason == "other settings":
            settings.DJANGO_SLA = {"AT_RISK": 50 + turn}
        else:
            effective._kept.clear()
        ticket.priority = "low" if ticket.priority == "high" else "high"
        ticket.save()
        assert taken(ticket) == tenant
    for tenant in "AB":
        switch(tenant)
        assert names() == [tenant, "default"]


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(effective, "KEPT", 3)
    for number in range(10):
        policy(str(number))
        assert len(names()) == number + 2
        assert len(effective._kept) <= 3


# Queries


def asked(work: Any) -> list[str]:
    """The statements that ask for the edition."""
    with CaptureQueriesContext(
        connection,
    ) as captured:
        work()
    return [query["sql"] for query in captured if "django_sla_edition" in query["sql"]]


def test_a_create_asks_for_the_edition_once_and_for_nothing_else() -> None:
    policy("Gold", conditions=title_is("gold"))
    Ticket.objects.create(title="gold")
    with CaptureQueriesContext(connection) as captured:
        Ticket.objects.create(title="gold")
    found = [query["sql"] for query in captured if "django_sla_policy" in query["sql"]]
    assert found == [], "no policy is read again"
    (statement,) = asked(lambda: Ticket.objects.create(title="gold"))
    assert "desk_ticket" not in statement


def test_on_an_update_the_edition_rides_on_the_lock() -> None:
    policy("Gold", conditions=title_is("gold"))
    ticket = Ticket.objects.create()
    ticket.save()
    for value in ("silver", "gold", "gold"):
        ticket.title = value
        (statement,) = asked(ticket.save)
        assert "desk_ticket" in statement


def test_after_an_edit_it_is_the_policies_and_the_lock_again() -> None:
    gold = policy("Gold")
    ticket = Ticket.objects.create()
    ticket.save()
    with CaptureQueriesContext(connection) as before:
        ticket.save()
    gold.conditions = title_is("gold")
    gold.save()
    with CaptureQueriesContext(connection) as captured:
        ticket.save()
    assert len(captured) == len(before) + 2


def test_a_bulk_write_asks_for_the_edition_once() -> None:
    policy("Gold")
    Ticket.objects.create()
    assert len(asked(lambda: Ticket.objects.bulk_create([Ticket() for _ in range(5)]))) == 1
    assert len(asked(lambda: Ticket.objects.update(priority="low"))) == 1


def test_a_comment_does_not_ask_for_the_edition(agent: Any) -> None:
    ticket = Ticket.objects.create()
    assert not asked(
        lambda: Comment.objects.create(ticket=ticket, author=agent, created_at=ticket.created_at)
    )


def test_the_last_known_are_no_query(django_assert_num_queries: Any) -> None:
    policy("Gold")
    found = policies("default")
    with django_assert_num_queries(0):
        assert last_known("default") is found
    with django_assert_num_queries(1):
        assert policies("default") is found


# A field that nobody read before


def test_the_fields_are_those_of_all_conditions(in_code: None) -> None:
    policy("Gold", conditions=[{"field": "project__key", "operator": "is", "value": "OPS"}])
    assert policies("default").fields == {"title", "project__key"}


@pytest.fixture
def loaded() -> Ticket:
    """A ticket that was loaded before there was a policy that reads the title or the project."""
    assert "title" not in policies("default").fields
    ticket = Ticket.objects.get(pk=Ticket.objects.create().pk)
    policy("Gold", conditions=title_is("gold"))
    policy("OPS", conditions=[{"field": "project__key", "operator": "is", "value": "OPS"}])
    assert taken(ticket) == "default"
    return ticket


def test_is_honoured_by_the_next_save_of_a_loaded_instance(loaded: Ticket) -> None:
    loaded.title = "gold"
    loaded.save()
    assert taken(loaded) == "Gold"
    loaded.title = "silver"
    loaded.save(update_fields=["title"])
    assert taken(loaded) == "default"
    loaded.project = Project.objects.create(key="OPS")
    loaded.save()
    assert taken(loaded) == "OPS"


@pytest.mark.parametrize("way", ["update", "bulk_update"])
def test_is_honoured_by_the_next_bulk_write(loaded: Ticket, way: str) -> None:
    if way == "update":
        Ticket.objects.filter(pk=loaded.pk).update(title="gold")
    else:
        loaded.title = "gold"
        Ticket.objects.bulk_update([loaded], ["title"])
    assert taken(Ticket.objects.get(pk=loaded.pk)) == "Gold"


def test_is_honoured_where_somebody_saves_only_the_parent() -> None:
    ticket = ExtendedTicket.objects.create()
    parent = VendorTicket.objects.get(pk=ticket.pk)
    assert taken(ticket) == "default"
    policy("Gold", conditions=[{"field": "subject", "operator": "is", "value": "gold"}])
    parent.subject = "gold"
    parent.save()
    assert taken(ExtendedTicket.objects.get(pk=ticket.pk)) == "Gold"


def test_a_save_that_changes_nothing_leaves_the_terms(loaded: Ticket) -> None:
    policy("Everybody", order=9)
    loaded.save()
    Ticket.objects.update(title=loaded.title)
    assert taken(Ticket.objects.get(pk=loaded.pk)) == "default"
    assert loaded.sla_events.count() == 1
