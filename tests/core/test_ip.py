"""The client's address: what is believed, what is not, and that nothing is ever raised."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_sla.core.ip import MAX_HEADER, UNIX_SOCKET, client_ip, masked, parse_networks

PROXIES = parse_networks(["10.0.0.0/8", "fd00::/8"])
BEHIND_A_SOCKET = parse_networks(["unix", "10.0.0.0/8"])

# The text of one address -> what is made of it. The same for REMOTE_ADDR and for a proxy's entry.
ADDRESSES = {
    "IPv4": ("203.0.113.7", "203.0.113.7"),
    "IPv4 with a port": ("203.0.113.7:5678", "203.0.113.7"),
    "blanks around": (" \t203.0.113.7 ", "203.0.113.7"),
    "private": ("192.168.1.1", "192.168.1.1"),
    "IPv6": ("2001:db8::1", "2001:db8::1"),
    "IPv6 spelled out": ("2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"),
    "IPv6 in brackets": ("[2001:db8::1]", "2001:db8::1"),
    "IPv6 with a port": ("[2001:db8::1]:443", "2001:db8::1"),
    "IPv6 with a zone": ("fe80::1%eth0", "fe80::1"),
    "IPv6 with a zone and a port": ("[fe80::1%25eth0]:443", "fe80::1"),
    "IPv6 with a very long zone": ("fe80::1%" + "z" * 2000, "fe80::1"),
    "IPv6 loopback": ("::1", "::1"),
    "the longest IPv6": ("ffff:" * 6 + "255.255.255.255", "ffff:" * 7 + "ffff"),
    "mapped IPv4": ("::ffff:203.0.113.7", "203.0.113.7"),
    "mapped IPv4 in hexadecimal": ("::ffff:cb00:7107", "203.0.113.7"),
    "mapped IPv4 with a port": ("[::ffff:203.0.113.7]:80", "203.0.113.7"),
    "mapped IPv4 with a zone": ("::ffff:203.0.113.7%eth0", "203.0.113.7"),
    "a blank": (" ", None),
    "three numbers": ("1.2.3", None),
    "five numbers": ("1.2.3.4.5", None),
    "a number too big": ("1.2.3.256", None),
    "a leading zero": ("01.2.3.4", None),
    "a huge number": ("9" * 2000, None),
    "an address as one number": ("3405803783", None),
    "hexadecimal": ("0xcb.0.113.7", None),
    "negative": ("-1.2.3.4", None),
    "digits of another script": ("١.٢.٣.٤", None),
    "a full-width digit": ("203.0.113.\uff17", None),
    "a no-break space": ("203.0.113.7\xa0", None),
    "NUL": ("203.0.113.7\x00", None),
    "only NUL": ("\x00", None),
    "a line break": ("203.0.113.7\n", None),
    "a name": ("localhost", None),
    "unknown": ("unknown", None),
    "an obfuscated node": ("_hidden", None),
    "quoted": ('"203.0.113.7"', None),
    "an element of Forwarded": ("for=203.0.113.7", None),
    "a network": ("203.0.113.0/24", None),
    "a URL": ("http://203.0.113.7/", None),
    "a colon and no port": ("203.0.113.7:", None),
    "a port that is not a number": ("203.0.113.7:http", None),
    "a port too long": ("203.0.113.7:123456", None),
    "a huge port": ("203.0.113.7:" + "9" * 2000, None),
    "a port of another script": ("203.0.113.7:٨٠", None),
    "an open bracket": ("[2001:db8::1", None),
    "a closing bracket": ("2001:db8::1]", None),
    "empty brackets": ("[]:443", None),
    "text after the bracket": ("[2001:db8::1]x", None),
    "an empty zone": ("fe80::1%", None),
    "a zone on IPv4": ("203.0.113.7%eth0", None),
    "markup": ("<script>alert(1)</script>", None),
    "SQL": ("1.2.3.4'; DROP TABLE ticket; --", None),
    "a surrogate": ("\ud800", None),
    "the unspecified address": ("0.0.0.0", None),
    "the unspecified address in IPv6": ("::", None),
    "the unspecified address, mapped": ("::ffff:0.0.0.0", None),
}

# REMOTE_ADDR, X-Forwarded-For, what comes of it where PROXIES are trusted.
CHAINS = {
    "no proxy, no header": ("203.0.113.7", None, "203.0.113.7"),
    "no proxy, a forged header": ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
    "no proxy, a header forged to look like a proxy's": ("203.0.113.7", "10.0.0.2", "203.0.113.7"),
    "through a proxy": ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
    "through a proxy that adds a port": ("10.0.0.1", "203.0.113.7:40000", "203.0.113.7"),
    "through two proxies": ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
    "through proxies of both families": ("fd00::1", "2001:db8::1, 10.0.0.2", "2001:db8::1"),
    "without a blank after the comma": ("10.0.0.1", "203.0.113.7,10.0.0.2", "203.0.113.7"),
    "a forged entry on the left": ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
    "a forged proxy on the left": ("10.0.0.1", "10.0.0.9, 203.0.113.7", "203.0.113.7"),
    "junk on the left": ("10.0.0.1", "<script>, 203.0.113.7", "203.0.113.7"),
    "an open quote on the left": ("10.0.0.1", '"6.6.6.6, 203.0.113.7', "203.0.113.7"),
    "a mapped proxy": ("::ffff:10.0.0.1", "203.0.113.7", "203.0.113.7"),
    "a mapped proxy in the header": ("10.0.0.1", "203.0.113.7, ::ffff:10.0.0.2", "203.0.113.7"),
    "a proxy with a zone": ("fd00::1%eth0", "203.0.113.7", "203.0.113.7"),
    "a proxy that is not ours": ("10.0.0.1", "203.0.113.7, 198.51.100.1", "198.51.100.1"),
    "a client on the proxies' network": ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
    "the proxy itself": ("10.0.0.1", None, "10.0.0.1"),
    "the proxy itself, empty header": ("10.0.0.1", "", "10.0.0.1"),
    "the proxy itself, blank header": ("10.0.0.1", " \t", "10.0.0.1"),
    "junk where the client should be": ("10.0.0.1", "6.6.6.6, junk", None),
    "junk between two proxies": ("10.0.0.1", "203.0.113.7, junk, 10.0.0.2", None),
    "unknown where the client should be": ("10.0.0.1", "6.6.6.6, unknown", None),
    "an empty entry": ("10.0.0.1", "6.6.6.6, ", None),
    "nothing but commas": ("10.0.0.1", ",,,", None),
    "entries parted by semicolons": ("10.0.0.1", "6.6.6.6; 203.0.113.7", None),
    "an unspecified entry": ("10.0.0.1", "6.6.6.6, 0.0.0.0", None),
    "a unix socket that nobody trusts": ("10.0.0.1", "6.6.6.6, unix:", None),
    "no REMOTE_ADDR": (None, "203.0.113.7", None),
    "an empty REMOTE_ADDR": ("", "203.0.113.7", None),
    "a junk REMOTE_ADDR": ("junk", "203.0.113.7", None),
    "an unspecified REMOTE_ADDR": ("0.0.0.0", "203.0.113.7", None),
}

# The same where BEHIND_A_SOCKET are trusted.
SOCKETS = {
    "no REMOTE_ADDR": (None, "203.0.113.7", "203.0.113.7"),
    "an empty REMOTE_ADDR": ("", "203.0.113.7", "203.0.113.7"),
    "a named socket": ("unix:", "203.0.113.7", "203.0.113.7"),
    "a socket and a proxy": ("", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
    "two sockets": ("", "203.0.113.7, unix:", "203.0.113.7"),
    "a forged entry on the left": ("", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
    "a forged socket on the left": ("", "unix:, 203.0.113.7", "203.0.113.7"),
    "an unspecified entry is not a socket": ("", "6.6.6.6, 0.0.0.0", None),
    "an unspecified REMOTE_ADDR is not a socket": ("0.0.0.0", "203.0.113.7", None),
    "no header": ("", None, None),
    "only sockets": ("", "unix:, unix:", None),
    "reached directly": ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
}

NETWORKS = {
    "a network": ("10.0.0.0/8", IPv4Network("10.0.0.0/8")),
    "a network with a mask": ("10.0.0.0/255.0.0.0", IPv4Network("10.0.0.0/8")),
    "an address": ("127.0.0.1", IPv4Network("127.0.0.1/32")),
    "an IPv6 network": ("fd00::/8", IPv6Network("fd00::/8")),
    "an IPv6 address": ("::1", IPv6Network("::1/128")),
    "a mapped network": ("::ffff:10.0.0.0/104", IPv4Network("10.0.0.0/8")),
    "a mapped address": ("::ffff:10.0.0.1", IPv4Network("10.0.0.1/32")),
    "all of IPv4": ("0.0.0.0/0", IPv4Network("0.0.0.0/0")),
    "all of IPv6": ("::/0", IPv6Network("::/0")),
    "blanks around": (" 127.0.0.1 ", IPv4Network("127.0.0.1/32")),
    "a unix socket": ("unix", UNIX_SOCKET),
}

# A wrong entry, and what the message has to say about it.
WRONG_NETWORKS = {
    "host bits": ("10.0.0.1/8", "did you mean '10.0.0.0/8'"),
    "IPv6 host bits": ("fd00::1/8", "did you mean 'fd00::/8'"),
    "a prefix too long": ("10.0.0.0/33", "not an address"),
    "three numbers": ("10.0.0/8", "not an address"),
    "a name": ("proxy.internal", "not an address"),
    "empty": ("", "not an address"),
    "a wildcard": ("*", "not an address"),
    "a number": (10, "not an address"),
    "nothing": (None, "not an address"),
    "a tuple": (("10.0.0.0", 8), "not an address"),
    "bytes": (b"10.0.0.0/8", "not an address"),
    "the unspecified address": ("0.0.0.0", "written 'unix'"),
    "the unspecified address in IPv6": ("::", "written 'unix'"),
}


@pytest.mark.parametrize(("text", "expected"), ADDRESSES.values(), ids=ADDRESSES.keys())
def test_address(text: str, expected: str | None) -> None:
    assert client_ip(text, None, ()) == expected
    assert client_ip("10.0.0.1", f"6.6.6.6, {text}", PROXIES) == expected


@pytest.mark.parametrize(("remote", "header", "expected"), CHAINS.values(), ids=CHAINS.keys())
def test_chain(remote: str | None, header: str | None, expected: str | None) -> None:
    assert client_ip(remote, header, PROXIES) == expected


@pytest.mark.parametrize(("remote", "header", "expected"), SOCKETS.values(), ids=SOCKETS.keys())
def test_behind_a_unix_socket(remote: str | None, header: str | None, expected: str | None) -> None:
    assert client_ip(remote, header, BEHIND_A_SOCKET) == expected


def test_the_end_of_an_overlong_header_still_counts() -> None:
    assert client_ip("10.0.0.1", "6.6.6.6, " * 100_000 + "203.0.113.7", PROXIES) == "203.0.113.7"
    assert client_ip("10.0.0.1", "x" * 1_000_000 + ", 203.0.113.7", PROXIES) == "203.0.113.7"


def test_an_overlong_header_of_proxies_only_tells_nothing() -> None:
    header = "10.0.0.2," * MAX_HEADER + "10.0.0.2"
    assert client_ip("10.0.0.1", header, PROXIES) is None


def test_an_overlong_header_without_a_comma_tells_nothing() -> None:
    assert client_ip("10.0.0.1", "1" * (MAX_HEADER + 1), PROXIES) is None
    assert client_ip("10.0.0.1", "fe80::1%" + "z" * MAX_HEADER, PROXIES) is None


def test_an_address_that_the_cut_goes_through_is_not_read() -> None:
    proxies = ", 10.0.0.2" * 300
    header = "203.0.113.7" + proxies.rjust(MAX_HEADER - len("3.0.113.7"))
    assert header[-MAX_HEADER:].startswith("3.0.113.7")
    assert client_ip("10.0.0.1", header, PROXIES) is None


def test_a_header_of_just_the_greatest_length_is_read_whole() -> None:
    header = "203.0.113.7".rjust(MAX_HEADER)
    assert len(header) == MAX_HEADER
    assert client_ip("10.0.0.1", header, PROXIES) == "203.0.113.7"


@pytest.mark.parametrize(("text", "expected"), NETWORKS.values(), ids=NETWORKS.keys())
def test_network(text: str, expected: IPv4Network | IPv6Network) -> None:
    assert parse_networks([text]) == (expected,)


@pytest.mark.parametrize(("wrong", "says"), WRONG_NETWORKS.values(), ids=WRONG_NETWORKS.keys())
def test_wrong_network_is_named(wrong: object, says: str) -> None:
    with pytest.raises(ValueError, match=re.escape(says)) as caught:
        parse_networks(["127.0.0.1", wrong])  # type: ignore[list-item]
    assert str(caught.value).startswith(repr(wrong))


def test_networks_keep_their_order_and_may_be_none() -> None:
    assert parse_networks(iter(["::1", "unix"])) == (IPv6Network("::1/128"), UNIX_SOCKET)
    assert parse_networks([]) == ()


def test_one_text_instead_of_a_list() -> None:
    with pytest.raises(ValueError, match=r"'10\.0\.0\.0/8' is one text; write a list"):
        parse_networks("10.0.0.0/8")


# Text that looks like a header more often than plain text does.
header_like = st.text(
    alphabet=st.one_of(st.sampled_from("0123456789abcdef.:,[]% \t\"'/"), st.characters()),
    max_size=200,
)
any_text = st.one_of(st.text(), header_like)
anybody = st.ip_addresses().filter(
    # By its text: an address within PROXIES may also be drawn mapped into IPv6.
    lambda address: (
        not any(
            ip_address(client_ip(str(address), None, ()) or "0.0.0.0") in network
            for network in PROXIES
        )
    )
)
proxy = st.one_of(
    st.ip_addresses(network="10.0.0.0/8").map(str),
    st.ip_addresses(network="10.0.0.0/8").map(lambda address: f"{address}:443"),
    st.ip_addresses(network="10.0.0.0/8").map(lambda address: f"::ffff:{address}"),
    st.ip_addresses(network="fd00::/8").map(lambda address: f"[{address}]:443"),
)
trusted_proxies = st.sampled_from(
    [(), PROXIES, BEHIND_A_SOCKET, parse_networks(["0.0.0.0/0", "::/0", "unix"])]
)


@given(
    remote=st.one_of(st.none(), any_text, proxy),
    header=st.one_of(st.none(), any_text, st.lists(st.one_of(proxy, any_text)).map(",".join)),
    trusted=trusted_proxies,
)
def test_any_text_gives_an_address_or_nothing(
    remote: str | None, header: str | None, trusted: tuple[IPv4Network | IPv6Network, ...]
) -> None:
    found = client_ip(remote, header, trusted)
    if found is not None:
        assert str(ip_address(found)) == found
        assert len(found) <= 39
        assert "%" not in found


@given(prefix=any_text, client=anybody, proxies=st.lists(proxy, max_size=5), last=proxy)
@example(prefix="6.6.6.6" * 10_000, client=IPv4Address("203.0.113.7"), proxies=[], last="10.0.0.1")
@example(prefix="6.6.6.6, " * 9_999, client=IPv4Address("203.0.113.7"), proxies=[], last="fd00::1")
def test_what_the_client_prepends_changes_nothing(
    prefix: str, client: IPv4Address | IPv6Address, proxies: list[str], last: str
) -> None:
    honest = ", ".join([str(client), *proxies])
    found = client_ip(last, honest, PROXIES)
    assert client_ip(last, f"{prefix}, {honest}", PROXIES) == found
    assert client_ip(last, f"{prefix},{honest}", PROXIES) == found


@given(client=anybody, proxies=st.lists(proxy, max_size=5), last=proxy)
def test_the_client_behind_any_proxies_is_found(
    client: IPv4Address | IPv6Address, proxies: list[str], last: str
) -> None:
    assert client_ip(last, ", ".join([str(client), *proxies]), PROXIES) == client_ip(
        str(client), None, ()
    )


@given(remote=st.one_of(st.none(), any_text, proxy), header=any_text)
def test_without_trusted_proxies_the_header_is_never_read(remote: str | None, header: str) -> None:
    assert client_ip(remote, header, ()) == client_ip(remote, None, ())


@given(remote=anybody.map(str), header=any_text)
def test_from_a_stranger_the_header_is_never_read(remote: str, header: str) -> None:
    assert client_ip(remote, header, PROXIES) == client_ip(remote, None, ())


@given(st.lists(any_text))
def test_networks_of_any_text_parse_or_raise_value_error(values: list[str]) -> None:
    try:
        networks = parse_networks(values)
    except ValueError:
        return
    assert len(networks) == len(values)


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("203.0.113.77", "203.0.113.0"),
        ("10.0.0.0", "10.0.0.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::1", "::"),
    ],
)
def test_a_masked_address_is_that_of_a_network(address: str, kept: str) -> None:
    assert masked(address) == kept


def test_what_is_no_address_is_not_masked() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        masked("203.0.113")
