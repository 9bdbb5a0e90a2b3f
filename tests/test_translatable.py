"""Texts stand where the catalogues find them."""

import ast
from pathlib import Path

import django_sla

MARKS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}


def test_no_text_to_translate_is_inside_an_f_string() -> None:
    """Which xgettext does not look into."""
    found = [
        f"{path.name}:{call.lineno}"
        for path in Path(django_sla.__path__[0]).rglob("*.py")
        for string in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(string, ast.JoinedStr)
        for call in ast.walk(string)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in MARKS
    ]
    assert found == []
