"""The changelog knows who made a change and from where, and is written whatever a client sends."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from threading import Thread
from types import SimpleNamespace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser
from django.db.models import GenericIPAddressField
from django.http import HttpRequest, HttpResponse
from django.test import AsyncRequestFactory, RequestFactory
from simple_history.middleware import HistoryRequestMiddleware
from simple_history.models import HistoricalRecords
from simple_history.signals import pre_create_historical_record
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from django_sla.integrations.request import connect
from django_sla.tables.history import current_ip, stamp
from tests.hosts.desk.models import Ticket

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> Any:
    return get_user_model().objects.create_user("agnes")


@pytest.fixture
def trust(settings: Any) -> Callable[..., None]:
    """Return a function that makes the proxies it is given the trusted ones."""

    def trust_them(*proxies: str) -> None:
        given = getattr(settings, "DJANGO_SLA", {})
        settings.DJANGO_SLA = {**given, "TRUSTED_PROXIES": list(proxies)}

    trust_them()
    return trust_them


def serve(
    write: Callable[[], Any], user: Any = None, remote: str | None = "203.0.113.7", **meta: Any
) -> Any:
    """Return what ``write`` returns when it is called while a request is being served."""
    written: list[Any] = []

    def view(request: HttpRequest) -> HttpResponse:
        written.append(write())
        return HttpResponse()

    request = RequestFactory().post("/", REMOTE_ADDR=remote, **meta)
    if remote is None:
        del request.META["REMOTE_ADDR"]
    request.user = user or AnonymousUser()
    HistoryRequestMiddleware(view)(request)
    return written[0]


def open_ticket() -> Ticket:
    return Ticket.objects.create(title="Printer on fire", status="open", priority="low")


def addresses(ticket: Ticket) -> set[str | None]:
    """Return the addresses in the ticket's changelog, which must not be empty."""
    found = set(ticket.history.values_list("client_ip", flat=True))
    assert found
    return found


def test_in_a_request_both_are_written(user: Any, trust: Callable[..., None]) -> None:
    ticket = serve(open_ticket, user)
    row = ticket.history.latest()
    assert row.history_user == user
    assert row.client_ip == "203.0.113.7"


def test_every_kind_of_change_has_the_address(user: Any, trust: Callable[..., None]) -> None:
    ticket = open_ticket()
    before = list(ticket.history.values_list("pk", flat=True))

    def change_and_delete() -> None:
        ticket.title = "Printer was on fire"
        ticket.save()
        ticket.delete()

    serve(change_and_delete, user)
    rows = Ticket.history.exclude(pk__in=before)
    assert {row.history_type for row in rows} == {"~", "-"}
    assert {row.history_user for row in rows} == {user}
    assert {row.client_ip for row in rows} == {"203.0.113.7"}


def test_a_visitor_without_an_account_has_an_address(trust: Callable[..., None]) -> None:
    row = serve(open_ticket).history.latest()
    assert row.history_user is None
    assert row.client_ip == "203.0.113.7"


def test_outside_a_request_both_are_null(trust: Callable[..., None]) -> None:
    row = open_ticket().history.latest()
    assert row.history_user is None
    assert row.client_ip is None


def test_after_a_request_both_are_null_again(user: Any, trust: Callable[..., None]) -> None:
    ticket = serve(open_ticket, user)
    ticket.title = "Closed by the night shift"
    ticket.save()
    row = ticket.history.latest()
    assert row.history_user is None
    assert row.client_ip is None


def test_after_a_request_that_failed_both_are_null(user: Any, trust: Callable[..., None]) -> None:
    def fail() -> None:
        raise RuntimeError("the view is broken")

    with pytest.raises(RuntimeError, match="the view is broken"):
        serve(fail, user)
    row = open_ticket().history.latest()
    assert row.history_user is None
    assert row.client_ip is None


def test_a_thread_that_the_view_starts_is_outside(trust: Callable[..., None]) -> None:
    found: list[str | None] = []

    def start() -> None:
        thread = Thread(target=lambda: found.append(current_ip()))
        thread.start()
        thread.join()

    serve(start)
    assert found == [None]


@pytest.mark.parametrize(
    "remote",
    [
        None,
        "",
        "unix:",
        "junk",
        "1.2.3",
        "203.0.113.7\x00",
        "9" * 10_000,
        "'; DROP TABLE desk_ticket; --",
        "١.٢.٣.٤",
    ],
)
def test_a_junk_address_is_null_and_the_row_is_written(
    remote: str | None, user: Any, trust: Callable[..., None]
) -> None:
    ticket = serve(open_ticket, user, remote=remote)
    assert addresses(ticket) == {None}
    assert ticket.history.latest().history_user == user


@pytest.mark.parametrize("header", ["junk", "6.6.6.6, junk", ",,,", "\x00", "6.6.6.6, unknown"])
def test_a_junk_header_is_null_and_the_row_is_written(
    header: str, user: Any, trust: Callable[..., None]
) -> None:
    trust("10.0.0.0/8")
    ticket = serve(open_ticket, user, "10.0.0.1", HTTP_X_FORWARDED_FOR=header)
    assert addresses(ticket) == {None}
    assert ticket.history.latest().history_user == user


def test_a_forged_header_is_not_read(trust: Callable[..., None]) -> None:
    ticket = serve(open_ticket, HTTP_X_FORWARDED_FOR="6.6.6.6")
    assert addresses(ticket) == {"203.0.113.7"}


def test_a_forged_header_that_comes_around_the_proxy_is_not_read(
    trust: Callable[..., None],
) -> None:
    trust("10.0.0.0/8")
    ticket = serve(open_ticket, HTTP_X_FORWARDED_FOR="6.6.6.6, 10.0.0.2")
    assert addresses(ticket) == {"203.0.113.7"}


@pytest.mark.parametrize(
    ("remote", "header", "expected"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7:40000", "203.0.113.7"),
        ("::ffff:10.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "2001:0DB8::1", "2001:db8::1"),
        ("10.0.0.1", "[2001:db8::1]:443", "2001:db8::1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("10.0.0.1", "ffff:" * 7 + "ffff", "ffff:" * 7 + "ffff"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, " * 10_000 + "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.2, " * 10_000 + "10.0.0.2", None),
    ],
)
def test_through_a_trusted_proxy(
    remote: str, header: str | None, expected: str | None, trust: Callable[..., None]
) -> None:
    trust("10.0.0.0/8")
    meta = {} if header is None else {"HTTP_X_FORWARDED_FOR": header}
    assert addresses(serve(open_ticket, remote=remote, **meta)) == {expected}


def test_through_a_trusted_unix_socket(trust: Callable[..., None]) -> None:
    trust("unix")
    ticket = serve(open_ticket, remote="", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.7")
    assert addresses(ticket) == {"203.0.113.7"}


@pytest.mark.parametrize(
    ("remote", "expected"),
    [
        ("fe80::1%eth0", "fe80::1"),
        ("203.0.113.7:5678", "203.0.113.7"),
        ("[2001:db8::1]:443", "2001:db8::1"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
    ],
)
def test_zones_ports_and_mapped_addresses(
    remote: str, expected: str, trust: Callable[..., None]
) -> None:
    assert addresses(serve(open_ticket, remote=remote)) == {expected}


def test_a_broken_setting_is_logged_and_costs_the_address_only(
    trust: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    trust("10.0.0.1/8")
    with caplog.at_level(logging.ERROR, logger="django_sla"):
        assert serve(current_ip) is None
    assert "the changelog is without it" in caplog.text


def test_a_stand_in_for_a_request_needs_no_more_than_a_user(
    user: Any, trust: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    HistoricalRecords.context.request = SimpleNamespace(user=user)
    try:
        row = open_ticket().history.latest()
    finally:
        del HistoricalRecords.context.request
    assert row.history_user == user
    assert row.client_ip is None
    assert not caplog.records


def test_bulk_writes_have_both(user: Any, trust: Callable[..., None]) -> None:
    def write() -> None:
        tickets = bulk_create_with_history(
            [Ticket(title=f"Ticket {n}", status="open", priority="low") for n in range(3)], Ticket
        )
        for ticket in tickets:
            ticket.title += ", seen"
        bulk_update_with_history(tickets, Ticket, ["title"])

    serve(write, user)
    rows = Ticket.history.all()
    assert {row.history_type for row in rows} == {"+", "~"}
    assert {row.history_user for row in rows} == {user}
    assert {row.client_ip for row in rows} == {"203.0.113.7"}


def test_bulk_writes_outside_a_request_have_neither(trust: Callable[..., None]) -> None:
    bulk_create_with_history([Ticket(title="Imported", status="open", priority="low")], Ticket)
    row = Ticket.history.latest()
    assert row.history_user is None
    assert row.client_ip is None


def test_a_bulk_write_may_bring_its_own_address(trust: Callable[..., None]) -> None:
    def write() -> None:
        bulk_create_with_history(
            [Ticket(title="Imported", status="open", priority="low")],
            Ticket,
            custom_historical_attrs={"client_ip": "198.51.100.1"},
        )

    serve(write)
    assert Ticket.history.filter(client_ip="198.51.100.1").exists()


def test_stamp_keeps_an_address_and_passes_over_other_rows(trust: Callable[..., None]) -> None:
    empty = Ticket.history.model()
    filled = Ticket.history.model(client_ip="198.51.100.1")
    other = Ticket()
    serve(lambda: stamp([empty, filled, other]))
    assert empty.client_ip == "203.0.113.7"
    assert filled.client_ip == "198.51.100.1"
    assert not hasattr(other, "client_ip")


def test_a_column_of_that_name_on_the_ticket_is_left_alone(
    trust: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = GenericIPAddressField()
    own.set_attributes_from_name("client_ip")
    model = Ticket.history.model
    monkeypatch.setattr(model, "tracked_fields", [*model.tracked_fields, own])
    row = model()
    ticket = open_ticket()
    ticket.client_ip = "198.51.100.1"

    def write() -> None:
        stamp([row])
        Ticket.history.bulk_history_create([ticket], update=True)

    serve(write)
    assert row.client_ip is None
    assert ticket.history.latest().client_ip == "198.51.100.1"


def test_connecting_again_changes_nothing(trust: Callable[..., None]) -> None:
    connect()
    receivers = len(pre_create_historical_record.receivers)
    connect()
    assert len(pre_create_historical_record.receivers) == receivers


def test_in_an_async_view(user: Any, trust: Callable[..., None]) -> None:
    tickets: list[Ticket] = []

    async def view(request: HttpRequest) -> HttpResponse:
        ticket = Ticket(title="Printer on fire", status="open", priority="low")
        await ticket.asave()
        tickets.append(ticket)
        return HttpResponse()

    request = AsyncRequestFactory().post("/")
    request.META["REMOTE_ADDR"] = "203.0.113.7"
    request.user = user
    async_to_sync(HistoryRequestMiddleware(view))(request)
    row = tickets[0].history.latest()
    assert row.history_user == user
    assert row.client_ip == "203.0.113.7"
    assert current_ip() is None


def test_requests_side_by_side_do_not_mix(trust: Callable[..., None]) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)  # the others get their turn here
        return HttpResponse(current_ip())

    async def serve_them() -> list[Any]:
        served = HistoryRequestMiddleware(view)
        requests = []
        for number in range(1, 9):
            request = AsyncRequestFactory().get("/")
            request.META["REMOTE_ADDR"] = f"203.0.113.{number}"
            requests.append(request)
        return await asyncio.gather(*(served(request) for request in requests))

    found = [response.content.decode() for response in async_to_sync(serve_them)()]
    assert found == [f"203.0.113.{number}" for number in range(1, 9)]
