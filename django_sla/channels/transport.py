"""One POST to one address that has been looked at, within a time that has a limit.

Whoever gives an address could otherwise have this machine call others that only it can reach.
"""

import http.client
import io
import socket
import ssl
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from threading import Thread
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.utils.encoding import punycode
from django.utils.translation import gettext as _

MOST_BYTES = 4096
"""Of an answer that are read."""
SHOWN = 200
"""Characters of an answer that are told."""

_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where to."""

    is_https: bool
    host: str
    port: int
    path: str
    """With the query."""
    allow_private: bool

    @classmethod
    def read(cls, url: str, *, allow_http: bool, allow_private: bool) -> "Target":
        """
        Raises:
            ValueError: it is not an address that can be called.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
            host = punycode(parts.hostname or "")
        except (ValueError, AttributeError, TypeError):
            raise ValueError('url: expected an address such as "https://example.com/…"') from None
        if parts.scheme not in ("https", "http") or not host:
            raise ValueError('url: expected an address such as "https://example.com/…"')
        if parts.scheme == "http" and not allow_http:
            raise ValueError("url: expected https://; allow_http=True lets http:// pass")
        if parts.username is not None or parts.fragment:
            raise ValueError("url: expected no user, password or fragment in it")
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        if not path.isascii() or not path.isprintable() or " " in path:
            raise ValueError("url: expected the path percent-encoded")
        return cls(
            is_https=parts.scheme == "https",
            host=host,
            port=port or (443 if parts.scheme == "https" else 80),
            path=path,
            allow_private=allow_private,
        )

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_https else 80) else f"{host}:{self.port}"

    def __str__(self) -> str:
        """Without the path, which may be a secret."""
        return f"{'https' if self.is_https else 'http'}://{self.netloc}"


class Answer(NamedTuple):
    status: int
    begin: str
    """How it begins, where it is no success."""

    def __str__(self) -> str:
        return f"answered {self.status}: {self.begin}" if self.begin else f"answered {self.status}"


def post(
    target: Target,
    body: bytes,
    headers: Mapping[str, str],
    *,
    timeout: float,
    context: ssl.SSLContext,
) -> Answer:
    """Send it, and read the answer.

    Raises:
        TimeoutError: it took longer than ``timeout`` seconds, whatever it was that took so long.
        OSError: the address is not to be called, or the call failed.
    """
    limit = _Limit(timeout)
    connection = http.client.HTTPConnection(target.host, target.port)
    head = {**headers, "Host": target.netloc, "Connection": "close"}
    try:
        with _connected(target, limit, context) as sock:
            connection.sock = _Timed(sock, limit)
            connection.request("POST", target.path, body, head)
            response = connection.getresponse()
            return Answer(response.status, "" if response.status < 300 else _begin(response))
    except TimeoutError:
        raise TimeoutError(
            _("%(target)s did not answer within %(seconds)g seconds.")
            % {"target": target, "seconds": timeout}
        ) from None
    except (http.client.HTTPException, OSError) as error:
        raise ConnectionError(f"{target}: {type(error).__name__}: {error}") from error


def _begin(response: http.client.HTTPResponse) -> str:
    """How an answer that is no success begins; nothing where that cannot be read."""
    with suppress(OSError, http.client.HTTPException):
        text = response.read(MOST_BYTES).decode(errors="replace")
        return "".join(c if c.isprintable() else " " for c in text)[:SHOWN].strip()
    return ""


class _Limit:
    """The instant by which everything must be over."""

    def __init__(self, seconds: float):
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """In seconds.

        Raises:
            TimeoutError: there is nothing left.
        """
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


# The address


def _connected(target: Target, limit: _Limit, context: ssl.SSLContext) -> socket.socket:
    """A connection to one of the addresses that the name has now, all of which are looked at."""
    found = _resolved(target, limit)
    if not target.allow_private:
        for *_how, address in found:
            if not is_public(address[0]):
                raise ConnectionError(
                    _("%(address)s is not a public address") % {"address": address[0]}
                )
    while True:
        (family, kind, protocol, _name, address), *found = found
        sock = socket.socket(family, kind, protocol)
        try:
            # So that one that is silent leaves time for the others.
            sock.settimeout(limit.left / (1 + len(found)))
            sock.connect(address)
            if not target.is_https:
                return sock
            sock.settimeout(limit.left)
            return context.wrap_socket(sock, server_hostname=target.host)
        except ssl.SSLError:
            sock.close()
            raise
        except OSError:
            sock.close()
            if not found:
                raise


def _resolved(target: Target, limit: _Limit) -> list[tuple[Any, ...]]:
    """What the name stands for. Apart, because looking up a name cannot be given a time limit."""
    found: list[tuple[Any, ...]] = []
    problems: list[Exception] = []

    def look_up() -> None:
        try:
            found.extend(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except Exception as error:  # for whoever waits for it to raise
            problems.append(error)

    thread = Thread(target=look_up, name="django-sla-look-up", daemon=True)
    thread.start()
    thread.join(limit.left)
    if thread.is_alive():
        raise TimeoutError
    if problems:
        raise problems[0]
    return found


def is_public(text: str) -> bool:
    """Whether an address is one of the public internet, also that which is inside of it: IPv4 in
    IPv6, as it is, behind NAT64, or 6to4."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    if isinstance(address, IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or _behind_nat64(address)
        if inside is not None:
            return is_public(str(inside))
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFF_FFFF) if address in _NAT64 else None


# The time


class _Timed:
    """As much of a socket as a connection of ``http.client`` uses, each step within what is left
    of the time: a server that sends a byte now and then does not get more of it."""

    def __init__(self, sock: socket.socket, limit: _Limit):
        self._sock, self._limit = sock, limit

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(self._limit.left)
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Answer(self._sock, self._limit))

    def close(self) -> None:
        """Left to whoever made the socket: it is called before the answer has been read."""


class _Answer(io.RawIOBase):
    def __init__(self, sock: socket.socket, limit: _Limit):
        self._sock, self._limit = sock, limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(self._limit.left)
        return self._sock.recv_into(buffer)
