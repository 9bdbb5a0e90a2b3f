"""Texts stand where the catalogues find them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import django_sla

MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
"""The names that makemessages looks for."""


def nodes() -> Iterator[tuple[str, ast.AST]]:
    """All of the package's code, by file."""
    for path in Path(django_sla.__path__[0]).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            yield path.name, node


def test_no_text_to_translate_is_inside_an_f_string() -> None:
    """Which xgettext does not look into."""
    found = [
        f"{name}:{call.lineno}"
        for name, string in nodes()
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKS
    ]
    assert found == []


def test_no_text_to_translate_is_marked_by_a_name_of_our_own() -> None:
    found = [
        f"{name}: {imported.asname}"
        for name, node in nodes()
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for imported in node.names
        if "gettext" in imported.name and (imported.asname or imported.name) not in MARKS
    ]
    assert found == []
