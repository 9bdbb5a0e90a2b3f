"""Servers that channels talk to: real ones, on this machine, each in a thread."""

import contextlib
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread, Timer
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP


class Post:
    """An SMTP server. Nobody lives at ``gone@``, and at ``later@`` nobody is at home yet."""

    def __init__(self) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, to: str, _: Any) -> str:
        if to.startswith("gone@"):
            return "550 5.1.1 no such user here"
        if to.startswith("later@"):
            return "451 4.7.1 greylisted"
        envelope.rcpt_tos.append(to)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        found = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(found, EmailMessage)
        self.received.append(found)
        self.recipients.append(envelope.rcpt_tos)
        return "250 OK"


class PostOffice(Controller):
    def factory(self) -> SMTP:
        # Without the look-up of its own name, which can take long.
        return SMTP(self.handler, hostname="post.test", decode_data=False)

    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@dataclass
class Called:
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server, and what it answers."""

    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    drip: float = 0
    """Seconds between the bytes of its answer, which is longer than anybody would wait for."""
    calls: list[Called] = field(default_factory=list)
    port: int = 0


@contextlib.contextmanager
def silence() -> Iterator[int]:
    """The port of a server that lets everybody in and says nothing, for ten seconds."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        end = Timer(10, server.close)
        end.start()
        try:
            yield server.getsockname()[1]
        finally:
            end.cancel()


class _Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Callers hang up on it, as some tests want."""


@contextlib.contextmanager
def receiving(context: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.calls.append(Called(self.path, dict(self.headers), body))
            if receiver.drip:
                self.dripping()
                return
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.body)))
            self.end_headers()
            self.wfile.write(receiver.body)

        def dripping(self) -> None:
            self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Endless: ")
            with contextlib.suppress(OSError):
                for _ in range(200):
                    self.wfile.write(b"x")
                    time.sleep(receiver.drip)

        def log_message(self, *args: Any) -> None:
            pass

    server = _Quiet(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    receiver.port = server.server_address[1]
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
