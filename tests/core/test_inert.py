"""Cells that no spreadsheet takes for a formula."""

import csv
import io
import unicodedata
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from django_sla.core.inert import FILLERS, inert


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\tx",
        "\rx",
        "\nx",
        "\0x",
        "\0",
        "\x1b[1m",
        "＝1+1",
        "＋1",
        "－1",
        "＠SUM",
        "﹦1",
        " =1",
        "\u00a0=1",
        "\u3000＝1",
        "\ufeff=1",
        "\u200b\u200b+1",
        "  \t@x",
        " \0-1",
        "\u2060=1",
        "\u034f=1",
        "\u20dd=1",
        "\u3164=1",
        "\u2800=1",
        "⩵1",
        "⁺1",
        "'=1",
        "''=1",
    ],
)
def test_no_cell_is_taken_for_a_formula(text: str) -> None:
    assert inert(text) == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", " ", "Ann", "a=1", "1-2", "'", "'t Hooft", "—", " x", "日本", "(none)"]
)
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert inert(text) == text


@pytest.mark.parametrize("number", [0, -1, -1.5, None])
def test_numbers_stay_numbers(number: Any) -> None:
    assert inert(number) is number


# Whatever is written

BLANKS = " \t\r\n\0\x0b\x1b\x85\xa0\xad\u061c\u180e\u200b\u200e\u2028\u202e\u2060\u3000\ufe0f\ufeff"
SIGNS = "=+-@＝＋－＠﹦﹢﹣﹫⁼⁺⁻₌₊₋"
hostile = st.builds(
    "".join,
    st.tuples(
        st.text("'\"", max_size=3),
        st.text(BLANKS + FILLERS, max_size=4),
        st.sampled_from(SIGNS),
        st.text(max_size=8),
    ),
)
texts = st.text() | st.text(BLANKS + SIGNS + FILLERS + "'\",;x1") | hostile


def cell(text: str) -> str:
    """A text as a program reads it that knows no more than how CSV is written."""
    file = io.StringIO(newline="")
    csv.writer(file).writerow(["before", inert(text), "after"])
    file.seek(0)
    rows = list(csv.reader(file))
    assert len(rows) == 1
    before, found, after = rows[0]
    assert (before, after) == ("before", "after")
    return found


def runs(found: str) -> bool:
    """Whether the most credulous of spreadsheets would take it for a formula, as far as that can
    be told by another rule than that of the package: what is no letter, number or punctuation
    of its own is skipped."""
    for character in found:
        if unicodedata.normalize("NFKC", character)[0] in "=+-@":
            return True
        if unicodedata.category(character)[0] not in "ZCM" and character not in FILLERS:
            return False
    return False


@given(texts)
@example("=1")
@example("\r\n=1")
def test_no_text_becomes_a_formula(text: str) -> None:
    assert not runs(cell(text))
    assert cell(text)[:1] not in ("\t", "\r", "\n", "\0")


@given(texts)
@example("'=1")
@example("''")
def test_the_text_can_be_read_back(text: str) -> None:
    """Without one apostrophe where leaving it out leaves a formula, or several and one."""
    found = cell(text)
    assert (found[1:] if found.startswith("'") and inert(found[1:]) == found else found) == text


@given(st.integers() | st.floats() | st.none() | st.booleans())
def test_what_is_no_text_stays_itself(value: Any) -> None:
    assert inert(value) is value
