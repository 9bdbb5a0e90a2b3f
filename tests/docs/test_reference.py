"""Each list of the reference has what the code has: nothing is missing, and nothing is made up."""

import inspect
import re
from argparse import SUPPRESS
from collections.abc import Iterator
from functools import cached_property
from importlib import import_module
from types import ModuleType

import pytest
from django.contrib.auth.models import Permission
from django.core.management import BaseCommand, call_command, get_commands, load_command_class
from django.dispatch import Signal

from django_sla import (
    admin,
    api,
    channels,
    conf,
    exceptions,
    models,
    moment,
    registry,
    signals,
    urls,
    views,
)
from django_sla.core import errors
from django_sla.templatetags.sla import register
from tests.docs.pages import DOCS, PAGES, ROOT
from tests.hosts.desk.models import Ticket

REFERENCE = DOCS / "reference"
CHANGES = ("add", "change", "delete")
PERMISSION = re.compile(r"`(django_sla\.(?:add|change|delete|view|apply|waive|retry)_\w+)`")


def read(page: str) -> str:
    return (REFERENCE / page).read_text("utf-8")


def sections(page: str) -> dict[str, str]:
    """What stands under each heading of the second level."""
    _title, *parts = re.split(r"^## ", read(page), flags=re.MULTILINE)
    return {part.partition("\n")[0].strip("`"): part.partition("\n")[2] for part in parts}


def cells(text: str, column: int = 0) -> Iterator[str]:
    """Those of a column of all tables."""
    for line in text.splitlines():
        if line.startswith("|") and not line.startswith(("|---", "| |")):
            yield re.split(r"(?<!\\)\|", line)[column + 1].strip()


def quoted(text: str, column: int = 0) -> set[str]:
    """What is between backticks there."""
    return {name for cell in cells(text, column) for name in re.findall(r"`([^`]+)`", cell)}


# Commands

COMMANDS = sorted(name for name, app in get_commands().items() if app == "django_sla")


def test_every_command_has_a_section() -> None:
    assert sorted(sections("commands.md")) == COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_options(name: str) -> None:
    def known(command: BaseCommand) -> tuple[set[str], int]:
        parser = command.create_parser("manage.py", name)
        actions = [action for action in parser._actions if action.help != SUPPRESS]
        options = {option for action in actions for option in action.option_strings}
        return options, sum(not action.option_strings for action in actions)

    options, positional = known(load_command_class("django_sla", name))
    written = [cell.strip("`") for cell in cells(sections("commands.md")[name])][1:]
    told = {text.partition(" ")[0] for text in written if text.startswith("-")}
    # Every command of Django has it; it is told of where it does something.
    assert told - {"--verbosity"} == options - known(BaseCommand())[0]
    assert sum(text[:1].isalpha() for text in written) == positional


# Settings


def test_keys() -> None:
    assert quoted_in_order(read("settings.md"), "| key | type | default |") == [
        list(keys) for keys in (conf.KEYS, conf.CALENDAR_KEYS, conf.POLICY_KEYS)
    ]


def quoted_in_order(text: str, head: str) -> list[list[str]]:
    """The names of each table with this head."""
    tables = [part.partition("\n\n")[0] for part in text.split(head)[1:]]
    return [re.findall(r"^\| \[?`(\w+)`", table, re.MULTILINE) for table in tables]


# Signals


def test_signals() -> None:
    known = {name for name, found in vars(signals).items() if isinstance(found, Signal)}
    text = read("signals.md")
    assert quoted(text.partition("| argument |")[0]) == known


@pytest.mark.django_db
def test_arguments_of_signals() -> None:
    heard: list[set[str]] = []

    def hear(**arguments: object) -> None:
        heard.append(set(arguments) - {"signal", "sender"})

    signals.target_met.connect(hear, sender=Ticket)
    try:
        ticket = Ticket.objects.create()
        ticket.status = "resolved"
        ticket.save()
        call_command("sla_deliver", verbosity=0)
    finally:
        signals.target_met.disconnect(hear, sender=Ticket)
    told = quoted("| argument |" + read("signals.md").partition("| argument |")[2], 0)
    assert heard
    assert all(arguments == told for arguments in heard)


# Templates


def test_tags_and_filters() -> None:
    text = read("template-tags.md")
    tags = set(re.findall(r"{% (sla_\w+)", text))
    filters = set(re.findall(r"\|(sla_\w+)", text))
    assert (tags, filters) == (set(register.tags), set(register.filters))


def test_templates_of_tags() -> None:
    told = {name for name in quoted(sections("template-tags.md")["Tags"], 1) if "/" in name}
    for name in told:
        assert (ROOT / "django_sla" / "templates" / name).is_file()


def test_templates_of_the_admin() -> None:
    folder = ROOT / "django_sla" / "templates" / "admin" / "django_sla"
    told = set(re.findall(r"(\w+\.html)", sections("admin.md")["Templates"]))
    assert told == {path.name for path in folder.glob("*.html")}


# Permissions

UNUSED = {
    *(f"{what}_historical{name}" for name in ("policy", "calendar") for what in CHANGES),
    *(f"{what}_terms" for what in (*CHANGES, "view")),
    "view_seal",
}
"""Django's own for models that nobody edits; the page says so."""


@pytest.mark.django_db
def test_permissions() -> None:
    known = Permission.objects.filter(content_type__app_label="django_sla")
    told = {name for name in quoted(read("permissions.md")) if name.startswith("django_sla.")}
    codenames = set(known.values_list("codename", flat=True))
    assert told == {f"django_sla.{codename}" for codename in codenames - UNUSED}
    assert codenames >= UNUSED


def test_permissions_elsewhere_exist() -> None:
    told = {name for page in PAGES for name in PERMISSION.findall(page.read_text("utf-8"))}
    assert told <= set(re.findall(r"`(django_sla\.\w+)`", read("permissions.md")))


# Views and the admin


def test_addresses() -> None:
    text = read("views.md").partition("## Queue")[0]
    told = [
        tuple(cell.strip("`") for cell in row)
        for row in zip(*(list(cells(text, column))[1:] for column in range(3)), strict=True)
    ]
    assert told == [
        (
            re.sub(r"<\w+:", "<", str(pattern.pattern)),
            f"{urls.app_name}:{pattern.name}",
            pattern.callback.view_class.__name__,
        )
        for pattern in urls.urlpatterns
    ]


def test_views() -> None:
    for name in views.__all__:
        assert f"`{name}`" in read("views.md")


def test_admin_classes() -> None:
    text = read("admin.md")
    for name in admin.__all__:
        assert re.search(rf"\b{name}\b", text), name


# Python

WHOLE = [errors, exceptions, moment, registry]
"""Modules of which everything is public that they define and that does not look private."""

FOR_THE_PACKAGE = {"Phrase", "Watch", "autodiscover", "forget", "say"}
"""Not for hosts, but in one of those."""


def documented() -> dict[str, set[str]]:
    """The names in the tables of each section."""
    return {
        title: {name.partition("(")[0] for name in quoted(text)}
        for title, text in sections("api.md").items()
    }


@pytest.mark.parametrize("face", [api, channels, models], ids=lambda face: face.__name__)
def test_names_of_faces(face: ModuleType) -> None:
    assert set(face.__all__) <= documented()[face.__name__] | names_elsewhere()


def names_elsewhere() -> set[str]:
    """In pages of their own: what is answered by the API, and the views."""
    return quoted(read("rest-api.md")) | quoted(read("views.md"))


@pytest.mark.parametrize("module", WHOLE, ids=lambda module: module.__name__)
def test_names_of_modules(module: ModuleType) -> None:
    known = {
        name
        for name, found in inspect.getmembers(module, is_ours)
        if not name.startswith("_") and inspect.unwrap(found).__module__ == module.__name__
    }
    assert known - FOR_THE_PACKAGE == documented()[module.__name__] - {"who"}


def is_ours(found: object) -> bool:
    return inspect.isclass(found) or inspect.isfunction(inspect.unwrap(found))


CLASSES = [
    *("django_sla.channels.Channel", "django_sla.core.calendar.Calendar"),
    *("django_sla.core.condition.Condition", "django_sla.core.explain.Explanation"),
    *("django_sla.core.policy.Trial", "django_sla.core.verdict.Verdict"),
    *("django_sla.flow.message.Item", "django_sla.flow.message.Message"),
    *("django_sla.models.SLAQuerySet", "django_sla.models.TicketSLA"),
]
"""Of these everything is for hosts; of others only what the page names."""


@pytest.mark.parametrize("dotted", CLASSES)
def test_members(dotted: str) -> None:
    module, _, name = dotted.rpartition(".")
    members = vars(getattr(import_module(module), name))
    known = {name for name, found in members.items() if name[0] != "_" and does(found)}
    assert known - FOR_THE_PACKAGE <= documented()[dotted]


def does(found: object) -> bool:
    return isinstance(found, property | cached_property | classmethod) or inspect.isfunction(found)
