"""Keep a database of this version for the upgrade tests: tests/upgrade/VERSION.json.

Run it once, when the version is released, with the example project's requirements installed.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import django
from django.core.management import call_command

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    sys.path[:0] = [str(ROOT), str(ROOT / "example_project")]
    with TemporaryDirectory() as folder:
        os.environ |= {
            "DESK_DB": str(Path(folder) / "kept.sqlite3"),
            "DJANGO_SETTINGS_MODULE": "config.settings",
        }
        django.setup()
        from django_sla import __version__
        from tests.upgrade.kept import keep

        call_command("migrate", verbosity=0)
        call_command("seed_desk", "--tickets", "24", verbosity=0)
        call_command("sla_sweep", verbosity=0)
        print(keep(__version__))


if __name__ == "__main__":
    main()
