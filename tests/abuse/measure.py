"""How long an input took, in time of the processor: the clock on the wall would say how busy the
machine is.
"""

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median
from time import process_time
from typing import Any

PARSING = 0.05
"""Seconds that reading one input may take."""

TIMES = 20
"""A bad request may take so many times as long as a good one."""


def quickly(ask: Callable[[], Any], most: float = PARSING) -> Any:
    """What ``ask`` gives, which must not take longer.

    One that did is asked again, twice: what takes long by itself does so each time.
    """
    for _time in range(3):
        begun = process_time()
        found = ask()
        took = process_time() - begun
        if took <= most:
            return found
    raise AssertionError(f"took {took:.3f} s of the processor, and at most {most:.3f} s is allowed")


@contextmanager
def undisturbed() -> Iterator[None]:
    """Without the collection of garbage, which falls on whichever input comes along."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def usual(ask: Callable[[], Any]) -> float:
    """The seconds that something ordinary takes."""
    took = []
    for _time in range(7):
        begun = process_time()
        ask()
        took.append(process_time() - begun)
    return median(took)
