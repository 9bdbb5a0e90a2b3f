"""Lists as people type them, with commas between the values, and as they read them."""

import csv
from collections.abc import Iterable
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString


def read_list(text: str) -> list[str]:
    """Values between commas; one that has a comma itself is in quotes."""
    values = next(csv.reader([text], skipinitialspace=True), [])
    return [value.strip() for value in values if value.strip()]


def write_list(values: Iterable[Any]) -> str:
    return ", ".join(
        '"{}"'.format(text.replace('"', '""')) if "," in text or '"' in text else text
        for text in map(str, values)
    )


def lines(texts: Iterable[Any]) -> SafeString:
    """Texts of one cell of a list, each on a line of its own."""
    return format_html_join(
        "\n", '<span class="sla-list__line">{}</span>', ((text,) for text in texts)
    )
