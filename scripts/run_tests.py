"""Run tox with what this machine has, and say what was left out.

    run_tests.py newest          the newest Python and Django; TEST_DB chooses the database
    run_tests.py all             every environment of tox.ini that can run here
    run_tests.py all --servers   the same; a database server that does not answer is a failure

What follows "--" goes to pytest.
"""

import argparse
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path

from find_python import interpreters

ROOT = Path(__file__).resolve().parent.parent
JUNIT = ROOT / ".tox" / "junit"
RESULT = ROOT / ".tox" / "result.json"
SERVERS = {"postgres": 5432, "mariadb": 3306}
BROWSER = "browser"
NEEDS = {"host-tenants": "postgres"}
"""Which server an environment needs that is not called after it."""
MATRIX = re.compile(r"py3(?P<python>\d+)-dj(?P<django>\d+)(-(?P<server>\w+))?")
PYTHON = re.compile(r"py3(?P<python>\d+)-")

Version = tuple[int, ...]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["newest", "all"])
    parser.add_argument("--servers", action="store_true")
    end = arguments.index("--") if "--" in arguments else len(arguments)
    options = parser.parse_args(arguments[:end])
    pythons, _ = interpreters()
    runner = Runner(pythons, arguments[end + 1 :])
    names = runner.names()
    if options.what == "newest":
        return newest(runner, names)
    return everything(runner, names, servers_required=options.servers)


def newest(runner: "Runner", names: list[str]) -> int:
    kind = os.environ.get("TEST_DB") or "sqlite"
    if kind not in ("sqlite", *SERVERS):
        sys.exit(f"TEST_DB={kind}: use sqlite, {' or '.join(SERVERS)}")
    name = newest_name(names, runner.pythons)
    code = runner.run([name if kind == "sqlite" else f"{name}-{kind}"])
    if kind == "sqlite":
        if runner.pytest_arguments:
            print("Without the core and the tests in a browser, because of ARGS")
        else:
            code = runner.run([f"{name.partition('-')[0]}-core"]) or code
            if has_chromium():
                code = runner.run([BROWSER]) or code
            else:
                print("Without the tests in a browser: no Chromium. CHROMIUM can say where it is")
        print("Ran on SQLite alone. With a server: make test TEST_DB=postgres (or mariadb)")
    return code


def everything(runner: "Runner", names: list[str], *, servers_required: bool) -> int:
    chosen, left_out = [], {}
    for name in names:
        match = MATRIX.fullmatch(name)
        if (match and match["server"]) or name == BROWSER:
            continue
        needed = NEEDS.get(name)
        asked = PYTHON.match(name)
        if asked and (version := (3, int(asked["python"]))) not in runner.pythons:
            left_out[name] = "no Python {}.{} on this machine".format(*version)
        elif needed and not (servers_required or answers(SERVERS[needed])):
            left_out[name] = no_server(needed)
        else:
            chosen.append(name)

    started = time.monotonic()
    JUNIT.mkdir(parents=True, exist_ok=True)
    for stale in JUNIT.glob("*.xml"):
        stale.unlink()
    codes = [runner.run(chosen)]
    # By itself: a busy machine disturbs a browser.
    if has_chromium() or servers_required:
        codes.append(runner.run([BROWSER]))
    else:
        left_out[BROWSER] = "no Chromium; CHROMIUM can say where it is"
    served = []
    for kind, port in SERVERS.items():
        name = f"{newest_name(names, runner.pythons)}-{kind}"
        if answers(port) or servers_required:
            served.append(name)
        else:
            left_out[name] = no_server(kind)
    if served:
        codes.append(runner.run(served))
    report(left_out, runner.failed, time.monotonic() - started)
    return int(any(codes))


def newest_name(names: list[str], pythons: dict[Version, str]) -> str:
    """The environment with the newest Python here and the newest Django that runs on it."""
    matrix = [match for match in map(MATRIX.fullmatch, names) if match]
    known = {(3, int(match["python"])) for match in matrix}
    # Where only a Python newer than all of the matrix is present, it is tried.
    version = max(known & pythons.keys(), default=max(pythons))
    django = max(int(match["django"]) for match in matrix if (3, int(match["python"])) <= version)
    return "py{}{}-dj{}".format(*version, django)


def has_chromium() -> bool:
    return shutil.which(os.environ.get("CHROMIUM") or "/usr/bin/chromium") is not None


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5):
            return True
    except OSError:
        return False


def no_server(kind: str) -> str:
    return f"no server on 127.0.0.1:{SERVERS[kind]}"


def report(left_out: dict[str, str], failed: list[str], seconds: float) -> None:
    total = dict.fromkeys(("passed", "failed", "skipped"), 0)
    print("\n== The whole run ==")
    for path in sorted(JUNIT.glob("*.xml")):
        counts = outcome(path)
        print(f"{path.stem:24}", ", ".join(f"{number} {word}" for word, number in counts.items()))
        for word, number in counts.items():
            total[word] += number
    for name, why in left_out.items():
        print(f"{name:24} LEFT OUT: {why}")
    words = ", ".join(f"{number} {word}" for word, number in total.items())
    # An environment can fail without a failing test: lint, docs, or a suite that never started.
    verdict = f"FAILED, see above: {', '.join(failed)}" if failed else "every environment succeeded"
    print(f"{words} in {seconds:.0f} s; {verdict}")


def outcome(path: Path) -> dict[str, int]:
    suites = ET.parse(path).getroot().iter("testsuite")
    tests = failed = skipped = 0
    for suite in suites:
        tests += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return {"passed": tests - failed - skipped, "failed": failed, "skipped": skipped}


class Runner:
    """Calls tox with an environment in which it finds the same interpreters as this script."""

    def __init__(self, pythons: dict[Version, str], pytest_arguments: list[str]) -> None:
        if not pythons:
            sys.exit("No Python 3.11 or newer found.")
        self.pythons = pythons
        self.pytest_arguments = pytest_arguments
        self.failed: list[str] = []
        """The environments that did."""
        folders = [str(Path(path).parent) for path in pythons.values()]
        self.environment = os.environ | {
            "PATH": os.pathsep.join([*folders, os.environ["PATH"]]),
            # A missing interpreter is reported, not downloaded.
            "UV_PYTHON_DOWNLOADS": "never",
        }
        self.tox = shutil.which("tox", path=str(Path(sys.executable).parent)) or "tox"

    def names(self) -> list[str]:
        command = [self.tox, "list", "-d", "--no-desc", "-q"]
        listed = subprocess.run(
            command, cwd=ROOT, env=self.environment, stdout=subprocess.PIPE, text=True, check=True
        )
        return listed.stdout.split()

    def run(self, names: list[str]) -> int:
        how = ["run-parallel", "--parallel-no-spinner"] if len(names) > 1 else ["run"]
        tested = ["--result-json", str(RESULT), "-e", ",".join(names), "--", *self.pytest_arguments]
        command = [self.tox, *how, *tested]
        print("==", *command[1:], flush=True)
        RESULT.unlink(missing_ok=True)
        code = subprocess.run(command, cwd=ROOT, env=self.environment).returncode
        self.failed += [name for name in names if not succeeded(name)] if code else []
        return code


def succeeded(name: str) -> bool:
    results = json.loads(RESULT.read_text())["testenvs"] if RESULT.exists() else {}
    return bool(results.get(name, {}).get("result", {}).get("success"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
