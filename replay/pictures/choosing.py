"""Which bytes of a segment hold the picture of a moment."""

from collections.abc import Sequence
from datetime import timedelta

from footage.reader import Fragment

MOST_BYTES = 48 << 20
"""What is fed to one decoder at most: 4 s of 64 Mbit/s and half as much again."""


def choose_fragments(fragments: Sequence[Fragment], at: timedelta, most_bytes: int = MOST_BYTES) -> list[Fragment]:
    """Give what must be decoded for the picture at `at`, counted from the segment's start: from a keyframe on.

    Where that is more than `most_bytes`, the keyframe's own fragment alone; nothing where not even that fits.
    """
    reached = [fragment for fragment in fragments if fragment.start <= at] or list(fragments[:1])
    first = next((number for number in range(len(reached) - 1, -1, -1) if reached[number].is_key), 0)
    chosen = reached[first:]
    if sum(fragment.size for fragment in chosen) > most_bytes:
        chosen = chosen[:1]
    return chosen if sum(fragment.size for fragment in chosen) <= most_bytes else []
