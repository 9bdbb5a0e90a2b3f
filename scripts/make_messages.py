"""Bring the catalogues of django_sla up to date with the texts in the code, and compile them.

Without places, which would change with every edit of any file. Texts that nobody uses any more are
taken away.
"""

import os
from pathlib import Path

from django.core.management import call_command

PACKAGE = Path(__file__).resolve().parent.parent / "django_sla"


def main() -> None:
    os.chdir(PACKAGE)
    languages = sorted(path.name for path in (PACKAGE / "locale").iterdir() if path.is_dir())
    call_command("makemessages", locale=languages, no_location=True, no_obsolete=True)
    call_command("compilemessages", locale=languages)


if __name__ == "__main__":
    main()
