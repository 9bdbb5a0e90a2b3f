"""Print the path of the newest usable Python; with --all every one, each after its version.

Looks on PATH and among pyenv's versions. Runs under any Python from 3.8 on, so that it can say
what is missing.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
NAME = re.compile(r"python3(?:\.(\d+))?")
# A virtual environment with pip needs ensurepip, pip needs ssl, the example needs sqlite3.
PROBE = """
import sys
print("{}.{}".format(*sys.version_info), sys.version_info.releaselevel)
import ensurepip, sqlite3, ssl, venv
"""


def folders():
    """The directories that may hold interpreters, in order of preference."""
    for root in (os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"):
        if root:
            yield from sorted(Path(root).glob("versions/3*/bin"), reverse=True)
    for folder in map(Path, os.get_exec_path()):
        # pyenv's shims only forward to the versions that are switched on.
        if folder.name != "shims":
            yield folder


def candidates():
    seen = set()
    for folder in folders():
        for path in sorted(folder.glob("python3*")):
            name = NAME.fullmatch(path.name)
            minor = name and name.group(1)
            if not name or (minor and (3, int(minor)) < OLDEST) or path.resolve() in seen:
                continue
            seen.add(path.resolve())
            yield path


def interpreters():
    """The usable interpreters, newest first: {(3, 13): path}; and why others were passed over."""
    usable, passed_over = {}, {}
    for path in candidates():
        try:
            probe = subprocess.run(
                [str(path), "-I", "-c", PROBE], capture_output=True, text=True, timeout=60
            )
        except (OSError, subprocess.TimeoutExpired):
            continue
        version, _, level = probe.stdout.strip().partition(" ")
        if not version or level != "final":
            continue
        key = tuple(map(int, version.split(".")))
        if key < OLDEST or key in usable:
            continue
        if probe.returncode:
            passed_over[str(path)] = probe.stderr.strip().splitlines()[-1]
        else:
            usable[key] = str(path)
    return dict(sorted(usable.items(), reverse=True)), passed_over


def main():
    usable, passed_over = interpreters()
    if not usable:
        print("No Python 3.11 or newer found on PATH or in pyenv.", file=sys.stderr)
        for path, why in passed_over.items():
            print(f"  {path} is not usable: {why}", file=sys.stderr)
        if passed_over:
            print("  On Debian and Ubuntu, the package python3-venv completes it.", file=sys.stderr)
        return 1
    if "--all" in sys.argv:
        for version, path in usable.items():
            print("{}.{}".format(*version), path)
    else:
        print(next(iter(usable.values())))
    return 0


if __name__ == "__main__":
    sys.exit(main())
