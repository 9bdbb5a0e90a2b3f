"""Lists as people type them, with commas between the values, and as they read them."""

import csv
import re
from collections.abc import Iterable
from io import StringIO
from typing import Any

from django.utils.html import format_html_join
from django.utils.safestring import SafeString

_APART = re.compile('[,"\r\n]')
"""What would come between two values."""


def read_list(text: str) -> list[str]:
    """Values between commas or on lines of their own; one that has a comma itself is in quotes."""
    rows = csv.reader(StringIO(text, newline=""), skipinitialspace=True)
    return [value.strip() for row in rows for value in row if value.strip()]


def write_list(values: Iterable[Any]) -> str:
    return ", ".join(
        '"{}"'.format(text.replace('"', '""')) if _APART.search(text) else text
        for text in map(str, values)
    )


def lines(texts: Iterable[Any]) -> SafeString:
    """Texts of one cell of a list, each on a line of its own."""
    return format_html_join(
        "\n", '<span class="sla-list__line">{}</span>', ((text,) for text in texts)
    )
