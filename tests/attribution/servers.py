"""Real servers in this process, so that whatever is kept in a module is shared by all of them."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

import uvicorn
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer
from django.http import HttpRequest, HttpResponse
from django.test.testcases import QuietWSGIRequestHandler

PATIENCE = 30
"""Seconds until a server has to have started, or stopped."""


class SyncOnly:
    """A middleware of the old kind: Django leaves the event loop for it, and enters it again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


@contextmanager
def threaded() -> Iterator[int]:
    """A thread for each connection; the port."""
    server = ThreadedWSGIServer(("127.0.0.1", 0), QuietWSGIRequestHandler)
    server.set_app(WSGIHandler())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        ended(thread)


@contextmanager
def asgi(settings: Any, *middleware: str) -> Iterator[int]:
    """Uvicorn, with ``middleware`` before the last; the port."""
    before = list(settings.MIDDLEWARE)
    settings.MIDDLEWARE = [*before[:-1], *middleware, before[-1]]
    app = ASGIHandler()
    settings.MIDDLEWARE = before
    config = uvicorn.Config(
        app,
        loop="asyncio",
        http="h11",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # whom to trust is for the SLA to say
        timeout_keep_alive=600,  # clients wait for their turn
        timeout_graceful_shutdown=5,
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        try:
            assert server.started, "uvicorn does not start"
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            ended(thread)


def ended(thread: Thread) -> None:
    thread.join(PATIENCE)
    assert not thread.is_alive(), f"{thread.name} does not stop"
