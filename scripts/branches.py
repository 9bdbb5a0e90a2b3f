"""Which lines and branches of django_sla no test reaches, on all databases that answer together.

What only one of them runs counts as reached when the tests on that one do. Ends with 1 where a
branch is missing.
"""

import os
import subprocess
import sys
from pathlib import Path

from run_tests import SERVERS, answers, no_server

ROOT = Path(__file__).resolve().parent.parent
COVERAGE = [sys.executable, "-m", "coverage"]


def main(arguments: list[str]) -> int:
    run("erase")
    kinds = ["sqlite", *(kind for kind, port in SERVERS.items() if answers(port))]
    codes = [tests(kind, arguments) for kind in kinds]
    run("combine")
    for kind in SERVERS:
        if kind not in kinds:
            print(f"WITHOUT {kind}, and what is written for it: {no_server(kind)}")
    return run("report") or max(codes)


def tests(kind: str, arguments: list[str]) -> int:
    print(f"== {kind}", flush=True)
    pytest = ["run", "-m", "pytest", "-q", "--ignore=tests/browser", *arguments]
    return run(*pytest, TEST_DB=kind)


def run(*arguments: str, **more: str) -> int:
    return subprocess.run([*COVERAGE, *arguments], cwd=ROOT, env=os.environ | more).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
