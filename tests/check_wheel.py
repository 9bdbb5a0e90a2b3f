"""Check the built distributions: usage check_wheel.py DIST_DIR.

The wheel holds every file of the package and nothing else, and it works where it is installed.
"""

import sys
import zipfile
from pathlib import Path

import django
from django.conf import settings
from django.core.management import call_command

import django_sla

ROOT = Path(__file__).resolve().parent.parent


def the_only(dist: Path, pattern: str) -> Path:
    found = list(dist.glob(pattern))
    if len(found) != 1:
        sys.exit(f"expected one {pattern} in {dist}, found {len(found)}")
    return found[0]


def package_files() -> set[str]:
    """The files that belong into the wheel, relative to the repository."""
    files = (path for path in (ROOT / "django_sla").rglob("*") if path.is_file())
    return {str(path.relative_to(ROOT)) for path in files if path.suffix != ".pyc"}


def problems(wheel: Path) -> list[str]:
    expected = package_files()
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    info = f"django_sla-{django_sla.__version__}.dist-info/"
    content = {name for name in names if not name.startswith(info)}
    catalogs = {name for name in expected if name.endswith(".po")}
    return [
        *(f"missing: {name}" for name in sorted(expected - content)),
        *(f"does not belong there: {name}" for name in sorted(content - expected)),
        *(f"missing: {name}" for name in {"django_sla/py.typed", f"{info}METADATA"} - names),
        # An uncompiled catalog ships, and translates nothing.
        *(f"not compiled: {name}" for name in catalogs if name[:-2] + "mo" not in names),
    ]


def smoke() -> None:
    """Start a Django with the installed package, away from the sources."""
    if Path(django_sla.__file__).is_relative_to(ROOT / "django_sla"):
        sys.exit("this checks the sources: install the wheel and run with python -I")
    settings.configure(
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "simple_history",
            "django_sla",
        ],
        USE_TZ=True,
    )
    django.setup()
    call_command("check")


if __name__ == "__main__":
    dist = Path(sys.argv[1])
    wheel = the_only(dist, "*.whl")
    the_only(dist, "*.tar.gz")
    if found := problems(wheel):
        sys.exit("\n".join([f"{wheel.name}:", *found]))
    smoke()
    print(f"{wheel.name}: complete, and starts")
