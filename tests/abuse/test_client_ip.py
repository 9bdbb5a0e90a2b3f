"""What requests say of where they come from."""

from typing import Any

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from django_sla.core.ip import client_ip, parse_networks
from tests.abuse.inputs import INPUTS, TEXTS, THOUSANDS, changed, draws
from tests.abuse.measure import quickly, undisturbed
from tests.hosts.desk.models import Ticket

TRUSTED = parse_networks(["10.0.0.0/8", "127.0.0.1", "fd00::/8", "unix"])
HEADERS = [
    "203.0.113.7",
    "203.0.113.7, 10.0.0.1",
    "2001:db8::1, [fd00::1]:443, 10.0.0.2:80",
    "::ffff:203.0.113.7, fe80::1%eth0",
    "unknown, _hidden, unix:",
    "10.0.0.1," * 400,
    ", " * 3_000,
    "[" * 4_000,
    "1." * 4_000,
    "1:" * 4_000 + "%" * 4_000,
    "[::1%" + "a" * 5_000 + "]",
    "9" * 10_000,
    *TEXTS,
]


def told(remote: str | None, forwarded: str | None) -> str | None:
    found = quickly(lambda: client_ip(remote, forwarded, TRUSTED))
    assert found is None or len(found) <= 39
    # What is written down is an address, as itself.
    assert found is None or client_ip(found, None, ()) == found
    return found  # type: ignore[no-any-return]


def test_headers_of_all_kinds(thousand: int) -> None:
    with undisturbed():
        for chance in draws("client ip", thousand):
            said = [chance.choice(HEADERS) for _time in range(chance.choice([1, 1, 2, 5]))]
            said = [changed(one, chance) for one in said]
            told(chance.choice(["127.0.0.1", "10.1.2.3", "", *said]), ",".join(said))


text = st.text(st.sampled_from("0123456789abcdef.:,[]% \t\0\ud800x"), max_size=80) | st.text()


@settings(max_examples=INPUTS * THOUSANDS, deadline=None)
@given(st.none() | text, st.none() | text)
def test_junk(remote: str | None, forwarded: str | None) -> None:
    told(remote, forwarded)


@pytest.mark.django_db
def test_a_changelog_row_is_never_missing(
    admin_client: Client, settings: Any, thousand: int
) -> None:
    settings.DJANGO_SLA = {"TRUSTED_PROXIES": ["127.0.0.1", "unix"]}
    ticket = Ticket.objects.create()
    path = f"/admin/desk/ticket/{ticket.pk}/sla/"
    for number, chance in enumerate(draws("changelog", thousand, INPUTS // 20)):
        header = changed(chance.choice(HEADERS), chance)
        where = {"HTTP_X_FORWARDED_FOR": header, "HTTP_FORWARDED": header}
        where |= {"REMOTE_ADDR": chance.choice(["127.0.0.1", "", header])}
        action = "hold" if not number % 2 else "release"
        assert admin_client.post(f"{path}{action}/", {"reason": "a"}, **where).status_code == 302
        assert ticket.history.count() == number + 2
