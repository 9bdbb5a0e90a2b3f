"""Those of the example project, on the database of the test suite."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "example_project"))

from config.settings import *  # noqa: F403

from tests.settings import DATABASES as SERVERS

DATABASES = {"default": SERVERS["default"] | {"NAME": f"{SERVERS['default']['NAME']}_upgrade"}}
