"""Lists as people type them: with commas between the values."""

import csv
from collections.abc import Iterable
from typing import Any


def read_list(text: str) -> list[str]:
    """Values between commas; one that has a comma itself is in quotes."""
    values = next(csv.reader([text], skipinitialspace=True), [])
    return [value.strip() for value in values if value.strip()]


def write_list(values: Iterable[Any]) -> str:
    return ", ".join(
        '"{}"'.format(text.replace('"', '""')) if "," in text or '"' in text else text
        for text in map(str, values)
    )
