"""Servers to talk to."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import django
import pytest
import trustme
from django.test import override_settings

from tests.channels.servers import Post, PostOffice, Receiver, receiving


@pytest.fixture
def post() -> Iterator[Post]:
    """A mail server, and the project sends its mail there."""
    post = Post()
    office = PostOffice(post, hostname="127.0.0.1", port=0)
    office.start()
    try:
        with sending_to(office.port):
            yield post
    finally:
        office.stop()


def sending_to(port: int, timeout: float | None = None) -> Any:
    """The project sends its mail to this port."""
    if django.VERSION >= (6, 1):
        options = {"host": "127.0.0.1", "port": port, "timeout": timeout}
        return override_settings(MAILERS={"default": {"OPTIONS": options}})
    return override_settings(
        EMAIL_BACKEND="django.core.mail.backends.smtp.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=port,
        EMAIL_TIMEOUT=timeout,
    )


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """Who signs certificates, and the file to trust it by."""
    authority = trustme.CA()
    path = tmp_path_factory.mktemp("authority") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return authority, path


@pytest.fixture
def secure(authority: tuple[trustme.CA, Path]) -> Iterator[Receiver]:
    """A receiver at https://hooks.test."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority[0].issue_cert("hooks.test").configure_cert(context)
    with receiving(context) as found:
        yield found
