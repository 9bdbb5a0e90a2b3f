"""Change the code in many small ways, and see how many of them the tests notice.

    mutation.py core        the core: at least 95 of 100
    mutation.py flow        the writers: at least 85 of 100
    mutation.py flow 300    a sample of so many changes, the same ones each time

In a copy of the checkout, so that this one stays as it is. What nobody noticed is listed.
"""

import json
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent
COPIED = (
    *("django_sla", "tests", "docs", "example_project", "benchmarks", "scripts"),
    *("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"),
    *("Makefile", "tox.ini"),
)
NOTICED = ("killed", "timeout", "segfault", "caught by type check")
UNTRIED = "not checked"


@dataclass(frozen=True)
class Floor:
    """What is changed, what has to notice, and how much of it."""

    source: str
    tests: tuple[str, ...]
    arguments: tuple[str, ...]
    goal: float


FLOORS = {
    # Where Django plays no part, its plugin is not loaded for each of thousands of changes.
    "core": Floor(
        source="django_sla/core/",
        tests=("tests/core",),
        arguments=("-p", "no:django", "-o", "addopts=-ra --strict-markers"),
        goal=95,
    ),
    "flow": Floor(
        source="django_sla/flow/",
        tests=(
            "tests/flow",
            "tests/ticket",
            "tests/tables",
            "tests/channels",
            "tests/integrations",
            "tests/test_sla_seal.py",
            "tests/test_sla_privacy.py",
            "tests/test_sla_policies.py",
        ),
        arguments=(),
        goal=85,
    ),
}


def main(arguments: list[str]) -> int:
    if not arguments or arguments[0] not in FLOORS or not all(map(str.isdigit, arguments[1:])):
        print(__doc__, file=sys.stderr)
        return 2
    floor = FLOORS[arguments[0]]
    sample = int(arguments[1]) if len(arguments) > 1 else None
    with TemporaryDirectory(prefix="django-sla-mutation-") as folder:
        copy(Path(folder), floor)
        results = run(Path(folder), sample)
    if all(what == UNTRIED for what in results.values()):
        print("Nothing was tried: the tests do not pass as they are.")
        return 1
    unnoticed = sorted(name for name, what in results.items() if what not in NOTICED)
    for name in unnoticed:
        print(f"{results[name]}: {name}")
    score = 100 * (1 - len(unnoticed) / len(results))
    print(
        f"{arguments[0]}: {len(results):,} changes, {len(unnoticed):,} of them unnoticed: "
        f"{score:.1f} %, goal {floor.goal:g} %"
    )
    return int(score < floor.goal)


def copy(folder: Path, floor: Floor) -> None:
    for name in COPIED:
        source, target = ROOT / name, folder / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    table = {
        "source_paths": [floor.source],
        "pytest_add_cli_args_test_selection": list(floor.tests),
        # In their order, or a test that leaves something behind would be blamed on a change.
        "pytest_add_cli_args": ["-p", "no:randomly", "-m", "not browser", *floor.arguments],
        "also_copy": list(COPIED),
    }
    lines = [f"{name} = {json.dumps(value)}" for name, value in table.items()]
    with (folder / "pyproject.toml").open("a", encoding="utf-8") as file:
        file.write("\n".join(["", "[tool.mutmut]", *lines, ""]))


def run(folder: Path, sample: int | None) -> dict[str, str]:
    """What became of each change, by its name."""
    mutmut = [sys.executable, "-m", "mutmut"]
    chosen: list[str] = []
    if sample is not None:
        # Nothing has this name, of which it complains: the changes are made, and none is tried.
        quiet = subprocess.DEVNULL
        subprocess.run([*mutmut, "run", "none"], cwd=folder, stdout=quiet, stderr=quiet)
        every = sorted(outcome(folder))
        chosen = random.Random(1).sample(every, min(sample, len(every)))
    done = subprocess.run([*mutmut, "run", *chosen], cwd=folder, stdout=subprocess.PIPE, text=True)
    print("\n".join(done.stdout.replace("\r", "\n").splitlines()[-3:]))
    found = outcome(folder)
    return {name: found[name] for name in chosen or found}


def outcome(folder: Path) -> dict[str, str]:
    listed = subprocess.run(
        [sys.executable, "-m", "mutmut", "results", "--all", "true"],
        cwd=folder,
        stdout=subprocess.PIPE,
        text=True,
    )
    pairs = (line.strip().rpartition(": ") for line in listed.stdout.splitlines() if ": " in line)
    return {name: what for name, _colon, what in pairs}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
