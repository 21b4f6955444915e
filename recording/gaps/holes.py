"""Where segments have no picture although their files go on, as times of the clock."""

import logging
from collections.abc import Sequence
from datetime import datetime

from footage.errors import BrokenIndex
from footage.holes import unpack_holes
from recording.gaps.spans import Span

logger = logging.getLogger(__name__)


def place_holes(start: datetime, packed: bytes | memoryview) -> Sequence[Span]:
    """Give the holes of a segment that began then, in order and apart from each other.

    None of a row that cannot be read: one bad row must not keep all cameras' gaps from being told.
    """
    if not packed:
        return ()
    try:
        return [Span(start + hole.start, start + hole.end) for hole in unpack_holes(packed)]
    except BrokenIndex as error:
        logger.warning("the holes of a segment of %s stay unknown: %s", start.isoformat(), error)
        return ()
