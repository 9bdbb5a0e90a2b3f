"""Inputs that nobody should send: something valid with one place of it broken, and plain junk.

Of each kind there are 1,000, and with ``SOAK=1`` a hundred times as many, each thousand in a test
of its own. They are drawn from one seed, so that what fails fails again.
"""

import os
import random
from collections.abc import Callable, Iterator
from typing import Any

INPUTS = 1_000
THOUSANDS = 100 if os.environ.get("SOAK") else 1

DEEP = 10_000
"""Levels of what is nested too deep for whoever follows it by recursion."""

LONG = 1_000_000
"""Characters."""

MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{7*7}}{% debug %}",
    "</svg><script>",
    "=cmd|' /C calc'!A0",
    "a\r\nBcc: x@example.com",
    "\r\nBEGIN:VALARM",
]
TEXTS = [
    "",
    " ",
    "\0",
    "a\0b",
    "a\rb",
    "\n",
    "\t",
    "\ud800",
    "\udfff\ud800",
    "\u202e\u200f\u2066",
    "e" + "\u0301" * 500,
    "\ufeff",
    "İıſß",
    "٣",
    "²",
    "𝟙",
    "💥" * 100,
    "NaN",
    "Infinity",
    "-Infinity",
    "1e999",
    "-1",
    "1.5",
    "0x10",
    "1_000",
    "9" * 30,
    "9" * 10_000,
    "0001-01-01",
    "9999-12-31",
    "9999-12-31T23:59:59+00:00",
    "0001-01-01T00:00:00+14:00",
    "2026-02-30",
    "99:99",
    "24:00",
    "None",
    "null",
    "true",
    "[]",
    "{}",
    "[" * DEEP,
    '"',
    "'",
    ",",
    '"a',
    "%",
    "%s",
    "%(name)s",
    "{0.__class__}",
    "../../etc/passwd",
    "__class__",
    "pk__in",
    "a" + " " * 50_000 + "b",
    "a" * 5_000 + "!",
    "1h " * 5_000,
    ":" * 5_000,
    "x" * LONG,
    *MARKUP,
]
"""Each has brought down some program."""

NUMBERS = [0, -1, 1, 2, 99, 101, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 0.5, -0.0, 1e308]
"""What every kind of document can say."""

ODD_NUMBERS = [float("nan"), float("inf"), float("-inf")]
"""What Python's JSON says although JSON cannot."""


def nested(kind: type, levels: int = DEEP) -> Any:
    """A list in a list in a list, or the same of tables."""
    found: Any = kind()
    for _level in range(levels):
        found = [found] if kind is list else {"a": found}
    return found


def plain() -> list[Any]:
    """Values that JSON has."""
    tables: list[Any] = [[], {}, [[]], {"": ""}, [None], {"a": None}, nested(list, 30)]
    return [None, True, False, *NUMBERS, *ODD_NUMBERS, *TEXTS, *tables]


def draws(seed: str, thousand: int, count: int = INPUTS) -> Iterator[random.Random]:
    """So many sources of chance, one for each input; others in each thousand."""
    numbers = range(INPUTS * thousand, INPUTS * thousand + count)
    return (random.Random(f"{seed} {number}") for number in numbers)


# Something valid, and one place of it broken


DEEPEST = 12
"""Levels in which something is broken; what is nested deeper is junk that was put there."""


def broken(valid: Any, chance: random.Random, junk: list[Any]) -> Any:
    """A document of tables and lists with a place of it broken, or a few."""
    found = fresh(valid)
    for _time in range(chance.choice([1, 1, 1, 1, 2, 3])):
        found = _break(found, chance, junk)
    return found


def fresh(value: Any, level: int = 0) -> Any:
    """A document again, without what it has in common with the other."""
    # Not by deepcopy, which follows and copies what is no document, too.
    if level > DEEPEST or not isinstance(value, dict | list):
        return value
    if isinstance(value, dict):
        return {key: fresh(part, level + 1) for key, part in value.items()}
    return [fresh(part, level + 1) for part in value]


def _break(root: Any, chance: random.Random, junk: list[Any]) -> Any:
    places = list(_places(root))
    if not places or chance.random() < 0.02:
        return chance.choice(junk)
    parent, key = chance.choice(places)
    value = parent[key]
    match chance.randrange(9):
        case 0 | 1 | 2:
            parent[key] = chance.choice(junk)
        case 3:
            parent[key] = changed(value, chance)
        case 4:
            parent[key] = other_type(value, chance)
        case 5:
            del parent[key]
        case 6 if isinstance(parent, list):
            parent.insert(key, fresh(value))
        case 6:
            parent[_hashable(chance.choice(junk))] = parent.pop(key)
        case 7 if isinstance(value, dict):
            value[_hashable(chance.choice(junk))] = chance.choice(junk)
        case 7 if isinstance(value, list):
            value.append(chance.choice(junk))
        case 7:
            is_short = not isinstance(value, str) or len(value) < 1_000
            parent[key] = [value] * chance.choice([1, 2, 300 if is_short else 3])
        case _:
            elsewhere, other = chance.choice(places)
            parent[key] = fresh(elsewhere.get(other) if isinstance(elsewhere, dict) else value)
    return root


def _places(value: Any, level: int = 0) -> Iterator[tuple[Any, Any]]:
    if level <= DEEPEST and isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key], level + 1)


def _hashable(value: Any) -> Any:
    try:
        hash(value)
    except TypeError:
        return repr(type(value))
    return value


def other_type(value: Any, chance: random.Random) -> Any:
    """The same in another type, which is what programs confuse."""
    change: Callable[[Any], Any] = chance.choice(
        [
            lambda v: said(v)[:100],
            lambda v: [v],
            lambda v: {"a": v},
            bool,
            lambda v: {said(v)[:9]: v},
        ]
    )
    return change(value)


def said(value: Any) -> str:
    """The value as a text; what is nested too deeply, or has too many digits, is none."""
    try:
        return str(value)
    except (RecursionError, ValueError):
        return "?"


def changed(value: Any, chance: random.Random) -> Any:
    """A text or a number that is still nearly what it was."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    if not isinstance(value, str):
        return chance.choice([value + 1, value - 1, -value, value * 1000, said(value)[:100]])
    at = chance.randint(0, len(value))
    match chance.randrange(6):
        case 0:
            return value[:at] + chance.choice(TEXTS) + value[at:]
        case 1:
            return value[:at] + value[at + 1 :]
        case 2:
            return (value * chance.choice([2, 200]))[:LONG]
        case 3:
            return value.swapcase()
        case 4:
            return f" {value}\n"
        case _:
            return "".join(chance.sample(value, len(value)))


def dented(data: bytes, chance: random.Random) -> bytes:
    """A file with some of its bytes lost, doubled, or others."""
    found = bytearray(data)
    for _time in range(chance.choice([1, 1, 2, 5])):
        at = chance.randrange(len(found) + 1)
        match chance.randrange(5):
            case 0:
                del found[at : at + chance.choice([1, 2, 50])]
            case 1:
                found[at:at] = bytes(chance.choices(range(256), k=chance.choice([1, 4])))
            case 2:
                found[at:at] = found[at : at + chance.choice([1, 20, 200])]
            case 3:
                found[at : at + 1] = bytes([chance.choice(b'[]{}",:\\0\n\r;-=<>')])
            case _:
                junk = chance.choice(TEXTS)
                found[at:at] = junk.encode("utf-8", "surrogatepass")
    return bytes(found)
