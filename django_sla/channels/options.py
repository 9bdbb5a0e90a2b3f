"""Options of channels, checked."""

MOST_SECONDS = 60
"""As long as delivery takes care that nobody else sends the same."""


def seconds(name: str, value: object) -> float:
    """A time limit.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, int | float) and value is not True and 0 < value <= MOST_SECONDS:
        return float(value)
    raise ValueError(f"{name}: expected seconds, at most {MOST_SECONDS}, got {value!r}")
