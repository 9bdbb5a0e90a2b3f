"""The example desk's import of a ServiceNow export, as a user runs it: rate and memory.

Reads the export named by INCIDENT_LOG, or the one kept beside the checkout; without either it
has nothing to measure.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LOG = Path(os.environ.get("INCIDENT_LOG", ROOT.parent / "shared/data/incident_event_log.csv"))
TIMES = 3
"""How many times longer the long file is."""

MEASURE = """
import resource, runpy, sys
sys.argv = ["manage.py", "import_incidents", sys.argv[1]]
sys.path.insert(0, "example_project")
try:
    runpy.run_path("example_project/manage.py", run_name="__main__")
finally:
    print("peak", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def rows() -> Iterator[dict[str, Any]]:
    if not LOG.exists():
        print(f"nothing to import: {LOG} is not there; name an export in INCIDENT_LOG")
        return
    with tempfile.TemporaryDirectory() as folder:
        long = Path(folder) / "long.csv"
        _lengthen(LOG, long)
        rate, peak = _import(LOG, Path(folder) / "short.sqlite3")
        _, long_peak = _import(long, Path(folder) / "long.sqlite3")
    yield {
        "what": "import, events a second",
        "ours": rate,
        "baseline": 500,
        "unit": "1/s",
        "ratio": rate / 500,
        "goal": ">= 1",
    }
    yield {
        "what": f"import, peak memory with a file {TIMES} times as long",
        "ours": long_peak / 1024,
        "baseline": peak / 1024,
        "unit": "MiB",
        "ratio": long_peak / peak,
        "goal": 1.1,
    }


def _lengthen(short: Path, long: Path) -> None:
    with short.open() as source, long.open("w") as target:
        target.write(next(source))
        lines = source.readlines()
        for copy in range(TIMES):
            target.writelines(line.replace("INC", f"INC{copy}", 1) for line in lines)


def _import(file: Path, database: Path) -> tuple[float, float]:
    """Events a second, as the command itself says, and peak memory in KiB."""
    env = {**os.environ, "DESK_DB": str(database), "PYTHONPATH": str(ROOT)}
    run = {"env": env, "cwd": ROOT, "check": True, "capture_output": True, "text": True}
    manage = [sys.executable, "example_project/manage.py", "migrate", "-v0"]
    subprocess.run(manage, **run)
    done = subprocess.run([sys.executable, "-c", MEASURE, str(file)], **run)
    output = done.stdout + done.stderr
    rate = re.search(r"\((\d+) events/s\)", output)
    peak = re.search(r"peak (\d+)", output)
    if not rate or not peak:
        raise RuntimeError(output)
    return float(rate[1]), float(peak[1])


if __name__ == "__main__":
    for row in rows():
        print(row)
