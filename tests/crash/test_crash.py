"""Sweepers, deliverers and database servers are killed: nothing is lost, nothing is told twice.

A siege is a process of its own (``__main__.py``), with a database server of its own that it may
kill. ``SOAK=1`` makes it 1,000 kills.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.crash.servers import SERVERS

ROOT = Path(__file__).resolve().parent.parent.parent
KIND = os.environ.get("TEST_DB") or "sqlite"
KILLS = 1_000 if os.environ.get("SOAK") else 50
SWEEPING = ["before record", "amid record", "after record", "after commit"]
DELIVERING = ["after claim", "before send", "after send", "after mark"]
TWICE = r"event .*'target_breached'\): \d+ times"

pytestmark = pytest.mark.thorough


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """Where the server of these tests has its data."""
    if sys.platform != "linux":
        pytest.skip("processes die with their parents on Linux alone")
    if missing := SERVERS[KIND].missing():
        message = f"not on this machine: {', '.join(missing)}"
        # Where everything has to run, nothing is left out.
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    # Not pytest's own directory: the server runs as somebody who may not look into that.
    path = Path(tempfile.mkdtemp(prefix="django-sla-crash-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


def besieged(home: Path, name: str, kills: int, *arguments: str) -> dict[str, Any]:
    """What came of a siege."""
    command = [sys.executable, "-m", "tests.crash", KIND, f"--home={home}"]
    command += [f"--name=siege_{name}", f"--kills={kills}", *arguments]
    environment = {key: text for key, text in os.environ.items() if not key.startswith("TEST_DB")}
    siege = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        said, errors = siege.communicate(timeout=300 + 10 * kills)
    except subprocess.TimeoutExpired:
        siege.terminate()  # it takes its server along
        siege.communicate(timeout=60)
        raise
    assert siege.returncode == 0, errors.decode()
    print(said.decode())
    return json.loads(said)


def test_nothing_is_lost_and_nothing_told_twice_whoever_is_killed(home: Path) -> None:
    found = besieged(home, "all", KILLS, "--random", "--points", *SWEEPING, *DELIVERING)
    assert found["wrong"] == []
    assert found["events"] == 4 * found["tickets"]
    assert found["notices"] == 6 * found["tickets"]
    assert 0 < found["duplicates"] <= found["allowed"], "who dies after sending has it sent again"
    assert sum(found["kills"].values()) >= KILLS
    assert found["points"].keys() == {*SWEEPING, *DELIVERING}, "somebody has died everywhere"
    if SERVERS[KIND].programs:
        assert found["kills"]["server"] >= 2


@pytest.mark.parametrize(
    ("defect", "point", "complaint"),
    [
        pytest.param("no_key", "amid record", TWICE, id="no unique key"),
        pytest.param("naive", None, TWICE, id="a naive insert"),
        pytest.param(
            "early", "after record", r"\d+ duplicates, 0 allowed", id="sent before commit"
        ),
        pytest.param(
            "in_pieces", "amid record", r"notice .*'pager'\): missing", id="two transactions"
        ),
        pytest.param(
            "marks_first", "before send", "item .*: missing", id="marked before it is sent"
        ),
    ],
)
def test_a_defect_is_caught(home: Path, defect: str, point: str | None, complaint: str) -> None:
    team = ["--sweepers=3", "--deliverers=2", "--agents=0", f"--defect={defect}"]
    points = ["--points", point] if point else []
    found = besieged(home, defect, 5 if point else 0, *team, *points)
    assert any(re.match(complaint, wrong) for wrong in found["wrong"]), found
