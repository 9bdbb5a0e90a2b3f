"""Bring the catalogues of django_sla up to date with the texts in the code, and compile them.

Without places, which would change with every edit of any file. Texts that nobody uses any more are
taken away. Besides what Django looks for, the messages of the core, which knows nothing of
translations, and those of exceptions, which are in their docstrings.
"""

import ast
import os
from collections.abc import Iterator
from inspect import cleandoc
from pathlib import Path

from django.core.management import call_command
from django.core.management.commands import compilemessages, makemessages

PACKAGE = Path(__file__).resolve().parent.parent / "django_sla"
MESSAGES = ("Phrase", "CalendarError", "NoOpenTime", "DurationError", "PolicyError")
"""The first argument of these is a text."""


class Command(makemessages.Command):
    xgettext_options = [
        *makemessages.Command.xgettext_options,
        *(f"--keyword={name}:1" for name in MESSAGES),
    ]


def main() -> None:
    os.chdir(PACKAGE)
    languages = sorted(path.name for path in (PACKAGE / "locale").iterdir() if path.is_dir())
    docstrings = PACKAGE / "_messages.py"
    docstrings.write_text("\n".join(f"gettext_noop({text!r})" for text in exceptions()), "utf-8")
    try:
        call_command(Command(), locale=languages, no_location=True, no_obsolete=True)
    finally:
        docstrings.unlink()
    call_command(compilemessages.Command(), locale=languages)


def exceptions() -> Iterator[str]:
    """The messages of the exceptions: the first paragraphs of their docstrings."""
    module = ast.parse((PACKAGE / "exceptions.py").read_text("utf-8"))
    for node in module.body:
        if isinstance(node, ast.ClassDef) and (text := ast.get_docstring(node)):
            paragraph = " ".join(cleandoc(text).partition("\n\n")[0].split())
            if paragraph != "{0}":
                yield paragraph


if __name__ == "__main__":
    main()
