"""Commands that take a while: they say how far they are, and can be asked to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep
from types import FrameType

from django.core.management.base import OutputWrapper

CLEAR = "\r\033[K"
"""Back to the beginning of the line, and what it said away."""


class Stop:
    """Whether somebody asked to stop, by Ctrl-C or SIGTERM."""

    signum: int | None = None

    def __bool__(self) -> bool:
        return self.signum is not None

    def wait(self, seconds: float) -> None:
        """Wait so long, or until somebody asks."""
        end = monotonic() + seconds
        while not self and (left := end - monotonic()) > 0:
            sleep(min(left, 0.2))

    @property
    def status(self) -> int:
        """The exit status by which the caller knows."""
        return 128 + (self.signum or 0)


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Note the wish to stop, so that what has begun can be finished first. Whoever asks a second
    time is obeyed at once."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop  # signals reach the main thread only
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def note(signum: int, frame: FrameType | None) -> None:
        stop.signum = signum
        restore()

    for number in before:
        signal.signal(number, note)
    try:
        yield stop
    finally:
        restore()


class Meter:
    """One line on a terminal that says how far a command is; elsewhere nothing."""

    def __init__(self, stream: OutputWrapper, total: int, what: str, *, quiet: bool = False):
        self._stream = stream
        self._shown = bool(stream.isatty()) and not quiet
        self._total = total
        self._what = what
        self._begun = monotonic()
        self._done = 0

    def advance(self, number: int) -> None:
        """So many more are done."""
        self._done += number
        if not self._shown:
            return
        seconds = max(monotonic() - self._begun, 0.001)
        rate = self._done / seconds
        left = max(self._total - self._done, 0) / rate if rate else 0.0
        self._write(
            f"{CLEAR}{self._done:,} of {self._total:,} {self._what}, {rate:,.0f} a second, "
            f"{_in_words(left)} left"
        )

    def clear(self) -> None:
        """Make room for something else to be said."""
        if self._shown:
            self._write(CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text, ending="")
        self._stream.flush()


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 90 else f"{minutes / 60:.1f} h"
