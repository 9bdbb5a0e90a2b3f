"""``play`` runs what a page shows, in a project that has a desk."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models.signals import post_save, pre_save
from django.test import override_settings

from django_sla import registry
from django_sla.conf import problems
from django_sla.integrations import comments
from tests.docs.pages import DOCS, Block, blocks

FILE = re.compile(r"# (?P<path>[\w/]+)\.py\n")


class Play:
    """The Python of a page, block after block, with the names that its text takes for granted.

    A block that begins with a path is that module, for the others to import. Settings are in force
    from then on, together with those before, unless the blocks are ``apart``: of several ways one.
    """

    def __init__(self, page: Path, given: dict[str, Any], stack: ExitStack, *, apart: bool):
        self.names: dict[str, Any] = {
            "__name__": "desk.example",
            "__package__": "desk",
            "__file__": str(page),
            **given,
        }
        self.stack = stack
        self.defined: set[str] = set()
        self.used: set[str] = set()
        self.modules: dict[str, ModuleType] = {}
        for block in blocks(page, "python"):
            if apart:
                registry._policies.clear()
                stack.enter_context(override_settings(DJANGO_SLA={}))
            if not block.has_models:
                self._run(block)
        assert problems() == []

    def _run(self, block: Block) -> None:
        names = self.names
        if match := FILE.match(block.text):
            names = self._module(match["path"].replace("/", ".")).__dict__
        before = dict(names)
        exec(compile(block.text, str(block), "exec"), names)
        comments.connect()
        found = {name: value for name, value in names.items() if before.get(name) is not value}
        self.defined |= {
            name
            for name, value in found.items()
            if getattr(value, "__module__", "") == names["__name__"]
        }
        self.names |= {name: value for name, value in found.items() if not name.startswith("__")}
        if setting := found.get("DJANGO_SLA"):
            known = getattr(settings, "DJANGO_SLA", {})
            self.stack.enter_context(override_settings(DJANGO_SLA={**known, **setting}))

    def _module(self, name: str) -> ModuleType:
        """Two blocks with one path are one file."""
        if name not in self.modules:
            module = self.modules[name] = ModuleType(name)
            module.__package__ = "desk"
            sys.modules[name] = module
            self.stack.callback(sys.modules.pop, name)
        return self.modules[name]

    def __getitem__(self, name: str) -> Any:
        self.used.add(name)
        return self.names[name]


@pytest.fixture
def play(db: None) -> Iterator[Callable[..., Play]]:
    """``play("how-to/comments.md", user=…)``. What the page defines has to be used afterwards."""
    played: list[Play] = []
    with ExitStack() as stack:

        def play(page: str, *, apart: bool = False, **given: Any) -> Play:
            played.append(Play(DOCS / page, given, stack, apart=apart))
            return played[-1]

        yield play
    for one in played:
        assert one.defined <= one.used, f"never used: {one.defined - one.used}"


@pytest.fixture(autouse=True)
def _registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a page registers is gone with it."""
    for name in ("watches", "recipients", "_metrics", "_policies"):
        monkeypatch.setattr(registry, name, dict(getattr(registry, name)))
    yield
    for label in registry.watches:
        model = apps.get_model(label)
        for signal in (pre_save, post_save):
            signal.disconnect(sender=model, dispatch_uid=f"{comments.__name__}.{label}")
    registry.metrics.cache_clear()
    registry.policies.cache_clear()
