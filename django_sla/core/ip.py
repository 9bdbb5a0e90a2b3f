"""The address that a request came from, told from what the server says and what proxies claim.

``X-Forwarded-For`` is text that anybody can send. Each proxy appends the address of its own peer
on the right, so only the right end is worth anything, and only as far as the proxies are one's own.
Reading it from the left, as is common, lets every visitor choose the address that is written down.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Final, TypeAlias

from django_sla.core.errors import say

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

UNIX_SOCKET: Final = IPv4Network("0.0.0.0/32")
"""Stands for a unix socket among the trusted proxies; written ``"unix"`` in the setting.

The unspecified address is free for this: no peer can have it, and no text is read as it.
"""

MAX_HEADER: Final = 4096
"""How much of ``X-Forwarded-For`` is read, in characters, counted from its right end."""

KEPT_OF_IPV4: Final = 24
KEPT_OF_IPV6: Final = 48
"""How many bits of an address are left of it where it is masked: 48 are what a site is given."""

_UNIX_PEER: Final = "unix:"  # nginx's name for a peer on a unix socket; other servers say ""
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_BLANK: Final = " \t"
_HOST_AND_PORT: Final = re.compile(
    r"(?: \[ (?P<bracketed> [^]]+ ) \] | (?P<dotted> [0-9.]+ ) ) (?: :[0-9]{1,5} )?", re.VERBOSE
)


def client_ip(
    remote_addr: str | None, forwarded_for: str | None, trusted: Sequence[Network]
) -> str | None:
    """Return the client's address as normalised text of at most 39 characters, or ``None``.

    The client is ``remote_addr``, unless that is one of the ``trusted`` proxies. Then
    ``forwarded_for`` is read from the right, and the first address that is not a trusted proxy is
    the client. Where all of them are trusted, the leftmost is.

    ``None`` means "not known": no address, junk, or a unix socket that is not trusted. An entry
    that cannot be read ends the search, for everything to the left of it may be forged. So does
    the end of the last ``MAX_HEADER`` characters of an over-long header.

    A port is dropped, and so is an IPv6 zone (``fe80::1%eth0``), which means something only on
    the machine that saw it. An IPv4 address that is mapped into IPv6 comes back as IPv4.

    Any text is fine: nothing is raised.
    """
    address = _parse(remote_addr or _UNIX_PEER)
    from_proxy = address is not None and _is_trusted(address, trusted)
    # A proxy that speaks for itself, to check our health for one, sends no header or a blank one.
    if from_proxy and forwarded_for and forwarded_for.strip(_BLANK):
        address = _forwarded(forwarded_for, trusted)
    if address is None or address in UNIX_SOCKET:
        return None
    return str(address)


def masked(address: str) -> str:
    """Return the address with its end set to zero: an IPv4 address keeps 24 bits, an IPv6 address
    48. What is left says which network, and no longer which of its people.

    Raises ``ValueError``: it is no address.
    """
    kept = KEPT_OF_IPV4 if isinstance(ip_address(address), IPv4Address) else KEPT_OF_IPV6
    return str(ip_network((address, kept), strict=False).network_address)


def parse_networks(values: Iterable[str]) -> tuple[Network, ...]:
    """Return the networks that ``values`` name, in their order.

    An entry is a network (``"10.0.0.0/8"``), a single address (``"127.0.0.1"``, ``"::1"``), or
    ``"unix"`` for a server that is reached through a unix socket and so sees no address at all.

    Raises ``ValueError``, naming the wrong entry and, where it can be guessed, what was meant.
    """
    if isinstance(values, str):
        # Taken as an iterable it would be blamed character by character.
        raise ValueError(f"{say(values)} is one text; write a list of texts")
    return tuple(_parse_network(value) for value in values)


def _forwarded(header: str, trusted: Sequence[Network]) -> Address | None:
    """Return the first address from the right that is not trusted, or the leftmost."""
    is_whole = len(header) <= MAX_HEADER
    hops = header[-MAX_HEADER:].split(",")
    if not is_whole:
        del hops[0]  # the cut may go through an address and leave another: 203.0.113.7 -> 3.0.113.7
    address = None
    for hop in reversed(hops):
        address = _parse(hop)
        if address is None or not _is_trusted(address, trusted):
            return address
    return address if is_whole else None


def _parse(text: str) -> Address | None:
    """Return the address in ``text``, without port and zone; ``None`` where it is not one."""
    text = text.strip(_BLANK)
    if text == _UNIX_PEER:
        return UNIX_SOCKET.network_address
    if match := _HOST_AND_PORT.fullmatch(text):
        text = match["bracketed"] or match["dotted"]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # By its number, because the number has no zone.
        address = address.ipv4_mapped or IPv6Address(int(address))
    return None if address.is_unspecified else address


def _parse_network(value: object) -> Network:
    # A bare number would be a valid network for ``ipaddress``, 0.0.0.10.
    text = str(value).strip() if isinstance(value, str | Address | Network) else ""
    if text == "unix":
        return UNIX_SOCKET
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        raise ValueError(
            f"{say(value)} is not an address, a network such as '10.0.0.0/8', or 'unix'"
        ) from None
    try:
        ip_network(text)
    except ValueError:
        raise ValueError(
            f"{say(value)} is an address within a network; did you mean {str(network)!r}?"
        ) from None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        # Addresses are unmapped before they are compared, so a mapped network would match nothing.
        four = network.network_address.ipv4_mapped
        network = IPv4Network((int(four or 0), network.prefixlen - _MAPPED.prefixlen))
    if network == UNIX_SOCKET or network == IPv6Network("::/128"):
        raise ValueError(f"{say(value)} is nobody's address; a unix socket is written 'unix'")
    return network


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
