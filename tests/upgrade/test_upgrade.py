"""From every released version to this one, and back, with data in the tables."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.thorough
def test_every_released_version_is_brought_up_to_date() -> None:
    kept = sorted(path.stem for path in Path(__file__).parent.glob("*.json"))
    assert kept, "scripts/keep_version.py keeps one"
    done = subprocess.run(
        [sys.executable, "-m", "tests.upgrade.check"],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "tests.upgrade.settings"},
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for version in kept:
        assert f"{version}: 24 tickets are as they were" in done.stdout
