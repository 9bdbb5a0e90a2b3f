"""Commands whose output is what they are for; whoever reads it may have enough at any time."""

import os
import signal
import sys
from contextlib import suppress
from typing import Any

from django.core.management import BaseCommand

NOBODY_READS = 128 + getattr(signal, "SIGPIPE", 13)
"""The exit status of whatever else writes to a pipe that nobody reads any more."""


class PrintingCommand(BaseCommand):
    """Ends without a word where it is ``| head`` that has enough."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        try:
            said = super().execute(*args, **options)
            self.stdout.flush()
        except BrokenPipeError:
            with suppress(OSError, ValueError):
                # What is left goes nowhere, or the interpreter would complain of it at the end.
                os.dup2(os.open(os.devnull, os.O_WRONLY), self.stdout.fileno())
            sys.exit(NOBODY_READS)
        return said
