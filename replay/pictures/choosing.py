"""Which bytes of a segment hold the picture of a moment.

A fragment need not begin with a keyframe: a camera's clock drifts, and MediaMTX cuts by time. A keyframe is then
somewhere inside of the fragments before the moment, which only a decoder finds.
"""

from collections.abc import Iterator, Sequence
from datetime import timedelta

from footage.reader import Fragment

MOST_BYTES = 48 << 20
"""What is fed to one decoder at most: 4 s of 64 Mbit/s and half as much again."""

NEAR = 4
"""So many fragments hold a keyframe of nearly every camera: 16 s."""


def choose_feeds(
    fragments: Sequence[Fragment], at: timedelta, most_bytes: int = MOST_BYTES
) -> Iterator[list[Fragment]]:
    """Give what may be decoded for the picture at `at`, counted from the segment's start; the cheapest first.

    From the last fragment on that begins with a keyframe; where that is not near, what is near before it. Nothing that
    is more than `most_bytes`.
    """
    reached = [fragment for fragment in fragments if fragment.start <= at] or list(fragments[:1])
    first = _last_keyed(reached)
    feeds = [reached[first:]] if len(reached) - first <= NEAR else [reached[-NEAR:], reached[first:]]
    return (feed for feed in feeds if feed and sum(fragment.size for fragment in feed) <= most_bytes)


def choose_before(fragments: Sequence[Fragment], first: Fragment) -> list[Fragment]:
    """Give what must be decoded before a fragment that does not begin with a keyframe: what is near, no more."""
    if first.is_key:
        return []
    earlier = fragments[: fragments.index(first)][-NEAR:]
    return list(earlier[_last_keyed(earlier) :])


def _last_keyed(fragments: Sequence[Fragment]) -> int:
    return next((number for number in range(len(fragments) - 1, -1, -1) if fragments[number].is_key), 0)
