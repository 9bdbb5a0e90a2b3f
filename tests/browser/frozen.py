"""Settings of the example project at one instant, so that its pages say the same every time."""

from datetime import UTC, datetime

import time_machine
from config.settings import *  # noqa: F403

NOON = datetime(2026, 3, 26, 16, tzinfo=UTC)
"""A Thursday, in Toronto."""

time_machine.travel(NOON, tick=False).start()

# A cookie that expires would have done so for the browser, whose clock goes on.
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
