"""Webhooks, as a real server receives them."""

import base64
import hashlib
import hmac
import json
import socket
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from django_sla import __version__
from django_sla.channels import Webhook
from django_sla.exceptions import Undeliverable
from django_sla.moment import as_of
from tests.channels.messages import item, message, opened
from tests.channels.servers import Called, Receiver, silence
from tests.conftest import MONDAY, after

pytestmark = pytest.mark.django_db

KEY, OLD_KEY = bytes(range(32)), bytes(range(24))
SECRET, OLD_SECRET = (f"whsec_{base64.b64encode(key).decode()}" for key in (KEY, OLD_KEY))
RESOLVE = socket.getaddrinfo


def channel(receiver: Receiver | None = None, **options: Any) -> Webhook:
    """To a receiver on this machine, with what it takes to call one."""
    if receiver is not None:
        local = {"allow_http": True, "allow_private": True}
        options = {"url": f"http://127.0.0.1:{receiver.port}/sla?a=1", **local, **options}
    return Webhook("ops", **{"secret": SECRET, **options})


def signed(key: bytes, call: Called) -> str:
    """As the specification has it."""
    headers = call.headers
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{call.body.decode()}"
    digest = hmac.new(key, text.encode(), hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Gives names addresses, as DNS does."""
    names: dict[str, list[str]] = {}
    asked: list[str] = []

    def resolve(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        if host not in names:
            return RESOLVE(host, port, *args, **kwargs)
        return [one for name in names[host] for one in RESOLVE(name, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    names.setdefault("hooks.test", ["127.0.0.1"])
    return type("Named", (), {"names": names, "asked": asked})


# What is told


def test_it_tells_a_program_what_happened(receiver: Receiver) -> None:
    ticket = opened(title="Nö mail")
    found = message(item(ticket, now=after(25)))
    channel(receiver).send(found)
    [call] = receiver.calls
    assert call.path == "/sla?a=1"
    assert json.loads(call.body) == {
        "type": "sla.target_breached",
        "timestamp": "2026-03-03T09:00:00+00:00",
        "data": {
            "model": "desk.Ticket",
            "pk": ticket.pk,
            "title": "Nö mail",
            "url": "https://desk.example.com/tickets/7/",
            "metric": "resolution",
            "cycle": 1,
            "when": "due",
            "at": "2026-03-03T09:00:00+00:00",
            "due": "2026-03-03T09:00:00+00:00",
            "state": "breached",
            "remaining": -3600.0,
            "policy": "default",
        },
    }


def test_a_warning(receiver: Receiver) -> None:
    channel(receiver).send(message(item(opened(), when="at_risk", now=after(19)), now=after(19)))
    told = json.loads(receiver.calls[0].body)
    assert told["type"] == "sla.target_warned"
    assert told["timestamp"] == "2026-03-03T03:00:00+00:00"
    assert told["data"]["state"] == "at_risk"
    assert told["data"]["remaining"] == 5 * 3600


def test_each_call_has_the_key_of_the_message_and_is_signed(receiver: Receiver) -> None:
    found, hook = message(), channel(receiver)
    begin = time.time()
    hook.send(found)
    hook.send(found)
    for call in receiver.calls:
        assert call.headers["webhook-id"] == call.headers["Idempotency-Key"] == found.key
        assert call.headers["Content-Type"] == "application/json"
        assert call.headers["User-Agent"] == f"django-sla/{__version__}"
        assert call.headers["Host"] == f"127.0.0.1:{receiver.port}"
        assert begin - 1 <= int(call.headers["webhook-timestamp"]) <= time.time()
        assert call.headers["webhook-signature"] == signed(KEY, call)
    assert len(receiver.calls) == 2


def test_it_is_signed_now_whatever_is_played(receiver: Receiver) -> None:
    with as_of(MONDAY):
        channel(receiver).send(message())
    assert int(receiver.calls[0].headers["webhook-timestamp"]) > time.time() - 60


def test_the_signature_is_that_of_the_specification() -> None:
    """Its example, with which every library for receivers is tested."""
    from django_sla.channels.webhook import _keys, signature

    [key] = _keys("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    assert signature(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body) == (
        "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_while_a_secret_is_replaced_both_sign(receiver: Receiver) -> None:
    channel(receiver, secret=[SECRET, OLD_SECRET]).send(message())
    [call] = receiver.calls
    assert call.headers["webhook-signature"] == f"{signed(KEY, call)} {signed(OLD_KEY, call)}"


def test_it_is_for_programs() -> None:
    assert not Webhook.addressed
    assert not Webhook.for_people
    assert not Webhook.digests


# What is answered


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_success_will_do(receiver: Receiver, status: int) -> None:
    receiver.status = status
    channel(receiver).send(message())
    assert len(receiver.calls) == 1


def test_who_is_gone_is_given_up(receiver: Receiver) -> None:
    receiver.status, receiver.body = 410, b"closed\r\n\x1b[0m"
    with pytest.raises(Undeliverable) as raised:
        channel(receiver).send(message())
    assert str(raised.value) == f"http://127.0.0.1:{receiver.port} answered 410: closed   [0m"


@pytest.mark.parametrize("status", [300, 304, 400, 401, 404, 408, 425, 429, 500, 502, 503, 504])
def test_any_other_answer_is_tried_again(receiver: Receiver, status: int) -> None:
    receiver.status = status
    with pytest.raises(ConnectionError, match=f"answered {status}"):
        channel(receiver).send(message())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(receiver: Receiver, status: int) -> None:
    receiver.status = status
    receiver.headers = {"Location": f"http://127.0.0.1:{receiver.port}/other"}
    with pytest.raises(ConnectionError, match=f"answered {status}"):
        channel(receiver).send(message())
    assert [call.path for call in receiver.calls] == ["/sla?a=1"]


def test_an_answer_that_cannot_be_read_is_told_by_its_number(receiver: Receiver) -> None:
    receiver.status, receiver.body = 500, b"nonsense"
    receiver.headers = {"Transfer-Encoding": "chunked"}
    with pytest.raises(ConnectionError, match=r"answered 500$"):
        channel(receiver).send(message())


def test_no_more_than_the_begin_of_an_answer_is_read(receiver: Receiver) -> None:
    receiver.status, receiver.body = 500, b"x" * 10_000_000
    with pytest.raises(ConnectionError) as raised:
        channel(receiver).send(message())
    assert str(raised.value).endswith("answered 500: " + "x" * 200)


def test_what_is_no_http_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            peer, _ = server.accept()
            with peer:
                peer.recv(65536)
                peer.sendall(b"220 mail.example.com ESMTP\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        receiver = Receiver(port=server.getsockname()[1])
        with pytest.raises(ConnectionError, match="BadStatusLine"):
            channel(receiver).send(message())
        thread.join(5)


# The time


def test_a_server_that_drips_does_not_get_more_time(receiver: Receiver) -> None:
    receiver.drip = 0.05
    begin = time.monotonic()
    with pytest.raises(TimeoutError, match=r"did not answer within 0\.4 seconds"):
        channel(receiver, timeout=0.4).send(message())
    assert time.monotonic() - begin < 2
    assert len(receiver.calls) == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_server_that_is_silent(scheme: str) -> None:
    """Also while keys are exchanged."""
    begin = time.monotonic()
    with silence() as port:
        hook = channel(Receiver(), url=f"{scheme}://127.0.0.1:{port}/", timeout=0.3)
        with pytest.raises(TimeoutError):
            hook.send(message())
    assert time.monotonic() - begin < 3


def test_a_name_that_takes_long_to_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    go_on = threading.Event()

    def slowly(*args: Any, **kwargs: Any) -> list[Any]:
        go_on.wait(10)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    begin = time.monotonic()
    try:
        with pytest.raises(TimeoutError):
            channel(url="https://slow.test/", timeout=0.3).send(message())
    finally:
        go_on.set()
    assert time.monotonic() - begin < 3


def test_an_address_that_is_silent_leaves_time_for_the_next(receiver: Receiver, named: Any) -> None:
    """The first has a queue that is full, so that nobody is let in."""
    with socket.socket() as full, socket.socket() as waiting:
        full.bind(("127.0.0.2", receiver.port))
        full.listen(0)
        waiting.connect(full.getsockname())
        more = [socket.socket() for _ in range(3)]
        for one in more:
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        named.names["two.test"] = ["127.0.0.2", "127.0.0.1"]
        channel(receiver, url=f"http://two.test:{receiver.port}/", timeout=2).send(message())
        for one in more:
            one.close()
    assert len(receiver.calls) == 1


# The address


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"]
)
def test_an_address_that_is_not_public_is_refused(named: Any, address: str) -> None:
    named.names["evil.test"] = [address]
    with pytest.raises(ConnectionError, match="is not a public address"):
        channel(url="https://evil.test/").send(message())


class Internet(socket.socket):
    """Where 8.8.8.8 and 8.8.4.4 are this machine, of which the former lets nobody in."""

    def connect(self, address: Any) -> None:
        host, port = address
        assert host in ("8.8.8.8", "8.8.4.4")
        super().connect(("127.0.0.1", 1 if host == "8.8.8.8" else port))


def test_a_public_address_is_called_the_next_one_where_it_lets_nobody_in(
    receiver: Receiver, named: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    named.names["good.test"] = ["8.8.8.8", "8.8.4.4"]
    monkeypatch.setattr(socket, "socket", Internet)
    channel(url=f"http://good.test:{receiver.port}/", allow_http=True).send(message())
    assert len(receiver.calls) == 1
    named.names["good.test"] = ["8.8.8.8"]
    with pytest.raises(ConnectionError, match="refused"):
        channel(url=f"http://good.test:{receiver.port}/", allow_http=True).send(message())


def test_every_address_of_a_name_is_looked_at(receiver: Receiver, named: Any) -> None:
    named.names["evil.test"] = ["8.8.8.8", "127.0.0.1"]
    with pytest.raises(ConnectionError, match=r"127\.0\.0\.1 is not a public address"):
        channel(receiver, url=f"http://evil.test:{receiver.port}/", allow_private=False).send(
            message()
        )
    assert receiver.calls == []


def test_a_name_is_looked_up_once_and_not_again_for_the_connection(
    receiver: Receiver, named: Any
) -> None:
    channel(receiver, url=f"http://hooks.test:{receiver.port}/").send(message())
    assert named.asked == ["hooks.test"]
    assert receiver.calls[0].headers["Host"] == f"hooks.test:{receiver.port}"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(ConnectionError, match="gaierror"):
        channel(url="https://nowhere.invalid/").send(message())


def test_proxies_of_the_environment_are_not_used(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    channel(receiver).send(message())
    assert receiver.calls[0].path == "/sla?a=1"


# Certificates


def test_https(secure: Receiver, authority: Any, named: Any) -> None:
    url = f"https://hooks.test:{secure.port}/sla"
    channel(secure, url=url, ca_file=str(authority[1]), allow_http=False).send(message())
    [call] = secure.calls
    assert call.headers["webhook-signature"] == signed(KEY, call)
    assert call.headers["Host"] == f"hooks.test:{secure.port}"


def test_a_certificate_of_another_name(secure: Receiver, authority: Any, named: Any) -> None:
    named.names["other.test"] = ["127.0.0.1"]
    url = f"https://other.test:{secure.port}/sla"
    with pytest.raises(ConnectionError, match="Hostname mismatch"):
        channel(secure, url=url, ca_file=str(authority[1])).send(message())
    assert secure.calls == []


def test_a_certificate_that_nobody_known_has_signed(secure: Receiver, named: Any) -> None:
    with pytest.raises(ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        channel(secure, url=f"https://hooks.test:{secure.port}/").send(message())
    assert secure.calls == []


# Options


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"url": "http://example.com/"}, "url: expected https://"),
        ({"url": "ftp://example.com/"}, "url: expected an address"),
        ({"url": "https:///path"}, "url: expected an address"),
        ({"url": "https://example.com:port/"}, "url: expected an address"),
        ({"url": "https://[::1/"}, "url: expected an address"),
        ({"url": "https://.example.com/"}, "url: expected an address"),
        ({"url": 5}, "url: expected an address"),
        ({"url": None}, "url: expected an address"),
        ({"url": "https://ann:hunter2@example.com/"}, "url: expected no user"),
        ({"url": "https://example.com/#top"}, "url: expected no user"),
        ({"url": "https://example.com/ä"}, "url: expected the path percent-encoded"),
        ({"url": "https://example.com/a b"}, "url: expected the path percent-encoded"),
        ({"secret": "hunter2"}, 'secret: expected "whsec_"'),
        ({"secret": "whsec_hunter2="}, 'secret: expected "whsec_"'),
        ({"secret": "whsec_aHVudGVyMg=="}, "24 to 64 bytes"),
        ({"secret": SECRET.removeprefix("whsec_")}, 'secret: expected "whsec_"'),
        ({"secret": [5]}, 'secret: expected "whsec_"'),
        ({"secret": []}, "secret: there is none"),
        ({"timeout": None}, "timeout: expected seconds"),
        ({"timeout": -1}, "timeout: expected seconds"),
        ({"ca_file": "/nowhere/ca.pem"}, "ca_file: .*No such file"),
        ({"method": "GET"}, "Webhook has no option method"),
    ],
)
def test_wrong_options_are_named_and_secrets_are_not_told(options: Any, problem: str) -> None:
    with pytest.raises((TypeError, ValueError), match=problem) as raised:
        channel(**{"url": "https://example.com/", **options})
    assert "hunter2" not in str(raised.value)
    assert "aHVudGVyMg" not in str(raised.value)


@pytest.mark.parametrize("missing", ["url", "secret"])
def test_what_is_needed(missing: str) -> None:
    options = {"url": "https://example.com/", "secret": SECRET}
    del options[missing]
    with pytest.raises(TypeError, match=missing):
        Webhook("ops", **options)


def test_errors_tell_neither_the_secret_nor_the_path(receiver: Receiver) -> None:
    receiver.status = 500
    hook = channel(receiver, url=f"http://127.0.0.1:{receiver.port}/hunter2")
    with pytest.raises(ConnectionError) as raised:
        hook.send(message())
    receiver.drip = 0.05
    with pytest.raises(TimeoutError) as late:
        channel(receiver, url=f"http://127.0.0.1:{receiver.port}/hunter2", timeout=0.2).send(
            message()
        )
    for error in (raised.value, late.value):
        assert "hunter2" not in str(error)
        assert SECRET.removeprefix("whsec_") not in str(error)


def test_the_example_of_a_receiver_in_the_documentation(receiver: Receiver) -> None:
    """It takes what is sent, once, and nothing else."""
    page = Path(__file__).parents[2] / "docs" / "how-to" / "channels.md"
    _, _, rest = page.read_text("utf-8").partition("```python\n# receiver.py\n")
    names: dict[str, Any] = {}
    exec(rest.partition("```")[0], names)
    verify = names["verify"]
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    channel(receiver, secret=[SECRET, secret]).send(message())
    [call] = receiver.calls
    assert verify(secret, call.headers, call.body)
    assert not verify(OLD_SECRET, call.headers, call.body)
    assert not verify(secret, call.headers, call.body + b" ")
    old = str(int((datetime.now() - timedelta(minutes=6)).timestamp()))  # noqa: DTZ005
    assert not verify(secret, {**call.headers, "webhook-timestamp": old}, call.body)
