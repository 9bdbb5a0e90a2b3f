"""Explanations as a bar."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django_sla.core.explain import Segment
from django_sla.words import STRETCHES


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A stretch of a clock's life, in words, and where it lies in a bar 1,000 wide."""

    segment: Segment
    label: str
    x: str
    width: str


def pieces(segments: Sequence[Segment]) -> list[Piece]:
    if not segments:
        return []
    start = segments[0].span.start
    whole = segments[-1].span.end - start

    def share(part: timedelta) -> str:
        # As text: in a template a number would get the decimal comma of the language.
        return f"{1000 * (part / whole):.2f}"

    return [
        Piece(
            segment=segment,
            label=str(STRETCHES[segment.stretch]),
            x=share(segment.span.start - start),
            width=share(segment.span.duration),
        )
        for segment in segments
    ]
