"""Bad requests: each is answered, and writes nothing where it is refused."""

from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any
from urllib.parse import quote

from django.db import transaction

from tests.abuse.kept import Kept
from tests.abuse.measure import TIMES

ANSWERS = {200, 201, 204, 302, 304, 400, 403, 404, 405, 406, 409, 410, 415, 429, 503}
"""503 is what monitors are told where deadlines are not watched."""

MOST_OF_AN_ADDRESS = 30_000
"""Characters: servers refuse more, and most of them far less."""

Ask = Callable[[], Any]


class Siege:
    """Asks, and notes how long each answer took."""

    def __init__(self, ordinary: dict[str, Ask]):
        """``ordinary`` are good requests, by what the bad ones are compared with."""
        self._usual = {name: self._median(ask) for name, ask in ordinary.items()}
        self._kept = Kept()
        self.answers: dict[int, int] = {}
        self._asked = 0

    def _median(self, ask: Ask) -> float:
        took = []
        for _time in range(7):
            response, seconds = self._answer(ask)
            assert response.status_code in (200, 302, 503), response.request
            took.append(seconds)
        return median(took)

    @staticmethod
    def _answer(ask: Ask) -> tuple[Any, float]:
        """What was done is undone, but for what was refused, which has nothing to undo."""
        with transaction.atomic():
            begun = process_time()
            response = ask()
            if response.streaming:
                b"".join(response)
            seconds = process_time() - begun
            transaction.set_rollback(_was_done(response))
        return response, seconds

    def ask(self, name: str, ask: Ask) -> Any:
        for _time in range(3):
            response, seconds = self._answer(ask)
            if seconds <= TIMES * self._usual[name]:
                break
        else:
            usually = self._usual[name]
            said = repr(response.request)[:2_000]
            raise AssertionError(f"{name}: {seconds:.3f} s, usually {usually:.3f} s: {said}")
        assert response.status_code in ANSWERS, response.content[:2000]
        self.answers[response.status_code] = self.answers.get(response.status_code, 0) + 1
        self._asked += 1
        if not self._asked % 20:
            self.kept()
        return response

    def kept(self) -> None:
        self._kept.check()


def _was_done(response: Any) -> bool:
    """An API says so with 200; a form that is refused is shown again, with 200, too."""
    if response.wsgi_request.method == "GET":
        return False
    is_of_api = hasattr(response, "data")
    return response.status_code in (201, 204, 302, *([200] if is_of_api else []))


def part(chance: Any, junk: list[Any]) -> str:
    """A part of a path."""
    text = str(chance.choice(junk))[:5_000]
    return quote(text.encode("utf-8", "surrogatepass"), safe=chance.choice(["", "/", ":@,"])) or "-"


def query(given: dict[str, Any]) -> str:
    """A query string: bytes that are no text are sent as such."""
    pairs = [(name, one) for name, value in given.items() for one in _several(value)]
    text = "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs)
    return text[:MOST_OF_AN_ADDRESS]


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _encoded(value: Any) -> str:
    try:
        text = str(value)
    except (RecursionError, ValueError):
        text = "?"
    return quote(text.encode("utf-8", "surrogatepass"), safe="")
