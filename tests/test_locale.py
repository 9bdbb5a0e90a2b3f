"""The catalogues: complete, compiled, and of the texts that are in the code."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import polib
import pytest
from django.utils import translation
from django.utils.translation import gettext

from django_sla.core.calendar import Calendar
from django_sla.core.errors import CalendarError
from django_sla.exceptions import NotOnHold
from django_sla.words import refusal

ROOT = Path(__file__).resolve().parent.parent
PLACES = re.compile(r"%\(\w+\)[sd]|\{\d[^}]*\}|%[sd]|</?\w+[^>]*>")
"""What has to be in a translation as it is in the text."""

CATALOGUES = sorted((ROOT / "django_sla" / "locale").glob("*/LC_MESSAGES/django.po"))
LANGUAGES = [path.parts[-3] for path in CATALOGUES]
each_catalogue = pytest.mark.parametrize("path", CATALOGUES, ids=LANGUAGES)


def translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) or [entry.msgstr]


def test_french_and_german_ship() -> None:
    assert LANGUAGES == ["de", "fr"]


@each_catalogue
def test_every_text_is_translated(path: Path) -> None:
    entries = polib.pofile(str(path))
    assert len(entries) > 1000
    missing = [e.msgid for e in entries if e.fuzzy or e.obsolete or not all(translations(e))]
    assert missing == []


@each_catalogue
def test_nothing_is_lost_on_the_way(path: Path) -> None:
    """Of a plural, the singular may leave its number out."""
    for entry in polib.pofile(str(path)):
        for index, text in enumerate(translations(entry)):
            source = entry.msgid_plural if entry.msgid_plural and index else entry.msgid
            wanted, found = (sorted(PLACES.findall(said)) for said in (source, text))
            if entry.msgid_plural and not index:
                assert set(found) <= set(PLACES.findall(entry.msgid_plural)), entry.msgid
            else:
                assert found == wanted, entry.msgid
            edges = [(said[:1] == "\n", said[-1:] == "\n") for said in (source, text)]
            assert edges[0] == edges[1], entry.msgid


@each_catalogue
def test_what_ships_is_compiled_from_it(path: Path) -> None:
    def content(catalogue: polib.POFile | polib.MOFile) -> dict[object, list[str]]:
        return {
            (entry.msgctxt, entry.msgid, entry.msgid_plural): translations(entry)
            for entry in catalogue
        }

    compiled = path.with_suffix(".mo")
    assert content(polib.mofile(str(compiled))) == content(polib.pofile(str(path)))


@pytest.mark.thorough
@pytest.mark.skipif(not shutil.which("xgettext"), reason="needs gettext")
def test_no_text_of_the_code_is_missing(tmp_path: Path) -> None:
    for folder in ("django_sla", "scripts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    command = [sys.executable, tmp_path / "scripts" / "make_messages.py"]
    # Without settings, which it would not find from there.
    environment = {name: v for name, v in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, check=True, capture_output=True, env=environment)
    for path in CATALOGUES:
        made = polib.pofile(str(tmp_path / path.relative_to(ROOT)))
        kept = {(entry.msgctxt, entry.msgid) for entry in polib.pofile(str(path))}
        found = {(entry.msgctxt, entry.msgid) for entry in made}
        assert (found - kept, kept - found) == (set(), set()), "make messages"


@pytest.mark.parametrize("language", LANGUAGES)
def test_refusals_of_every_floor_are_translated(language: str) -> None:
    with pytest.raises(CalendarError) as caught:
        Calendar(tz="Amerika/Toronto")
    with translation.override(language):
        said = refusal(caught.value), str(NotOnHold()), gettext("resolution target")
    with translation.override("en"):
        english = refusal(caught.value), str(NotOnHold()), gettext("resolution target")
    assert all(here != there for here, there in zip(said, english, strict=True))
    assert "'America/Toronto'" in said[0], "the hint is in it, with its value"
