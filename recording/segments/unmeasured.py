"""Measures the activity of segments that were indexed before it was measured, out of the fragments in their rows."""

import logging

from django.db import connection

from footage.activity import measure_activity
from footage.errors import BrokenIndex
from footage.packing import unpack_fragments
from recording.models import Segment
from recording.states import SegmentState

logger = logging.getLogger(__name__)

MOST_AT_ONCE = 500
"""What a run measures at most: a second or two of one processor for segments of half an hour."""

NOTHING_KNOWN = b"\0"
"""Stands where nothing can be measured: ten seconds without pictures. Empty would be looked at again for ever."""

# Who holds a row is about to write it: it is left to the next run, and nobody waits for us, nor we for them.
_WRITE = """
    WITH free AS (
        SELECT segment.id, measured.activity
        FROM unnest(%(ids)s::bigint[], %(levels)s::bytea[]) AS measured(id, activity)
        JOIN recording_segment AS segment ON segment.id = measured.id
        WHERE segment.state = 'ready' AND segment.activity = ''
        FOR NO KEY UPDATE OF segment SKIP LOCKED
    )
    UPDATE recording_segment AS segment SET activity = free.activity FROM free WHERE segment.id = free.id
"""


def measure_unmeasured(most: int = MOST_AT_ONCE) -> int:
    """Measure the newest ready segments of which no activity is known, and give how many were written.

    What is looked for stands in an index of its own: where there is nothing to do, it is empty.
    """
    unmeasured = Segment.objects.filter(state=SegmentState.READY, activity=b"").order_by("-start")
    levels = {pk: measure_packed(pk, fragments) for pk, fragments in unmeasured.values_list("pk", "fragments")[:most]}
    if not levels:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, {"ids": list(levels), "levels": list(levels.values())})
        return int(cursor.rowcount)


def measure_packed(pk: int, packed: bytes | memoryview) -> bytes:
    """Give the activity of a segment's packed fragments, never empty."""
    try:
        return measure_activity(unpack_fragments(packed)) or NOTHING_KNOWN
    except BrokenIndex as error:
        logger.warning("The activity of segment %s stays unknown: %s", pk, error)
        return NOTHING_KNOWN
