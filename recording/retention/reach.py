"""Which time segments that go covered for the ledger of gaps: their own, and their joints with what is next to them."""

from collections.abc import Iterable
from datetime import datetime

from recording.gaps.decisions import JOINT, NUMBERED_JOINT
from recording.gaps.holes import place_holes
from recording.gaps.spans import Span, subtract, unite
from recording.writing import LONGEST_SEGMENT

_NUMBERED, _PLAIN, _LONGEST = (
    f"interval '{each.total_seconds()} seconds'" for each in (NUMBERED_JOINT, JOINT, LONGEST_SEGMENT)
)

# Joint as `join_footage` has it. Both joints belong to a segment: when its neighbour goes one day, nobody can tell any
# more how the two followed each other. Neighbours that go with it are at hand; only for the others is the index asked.
REACH = f"""
    beside AS (
        SELECT *, lag("end") OVER next_to AS earlier_end, lead(start) OVER next_to AS later_start,
               lag(stream_id) OVER next_to AS earlier_stream, lead(stream_id) OVER next_to AS later_stream,
               lag(number) OVER next_to AS earlier_number, lead(number) OVER next_to AS later_number
        FROM (SELECT *, damage = '' AND "end" > start AS is_footage FROM gone) AS gone
        WINDOW next_to AS (PARTITION BY camera_id, is_footage ORDER BY start)
    ), reach AS (
        SELECT beside.*, CASE WHEN is_footage THEN tstzrange(
            CASE WHEN beside.start - earlier."end" <= CASE
                WHEN earlier.stream_id = beside.stream_id AND beside.number - earlier.number = 1 THEN {_NUMBERED}
                ELSE {_PLAIN} END THEN LEAST(beside.start, earlier."end") ELSE beside.start END,
            CASE WHEN later.start - beside."end" <= CASE
                WHEN later.stream_id = beside.stream_id AND later.number - beside.number = 1 THEN {_NUMBERED}
                ELSE {_PLAIN} END THEN GREATEST(beside."end", later.start) ELSE beside."end" END
        ) END AS span
        FROM beside
        LEFT JOIN LATERAL (
            SELECT earlier_end AS "end", earlier_stream AS stream_id, earlier_number AS number
            WHERE beside.start - earlier_end <= {_NUMBERED}
            UNION ALL
            (SELECT other."end", other.stream_id, other.number FROM recording_segment AS other
             WHERE (beside.start - earlier_end <= {_NUMBERED}) IS NOT TRUE AND is_footage
               AND other.camera_id = beside.camera_id AND other.damage = ''
               AND other.start < beside.start AND other.start >= beside.start - {_LONGEST}
             ORDER BY other.start DESC LIMIT 1)
        ) AS earlier ON true
        LEFT JOIN LATERAL (
            SELECT later_start AS start, later_stream AS stream_id, later_number AS number
            WHERE later_start - beside."end" <= {_NUMBERED}
            UNION ALL
            (SELECT other.start, other.stream_id, other.number FROM recording_segment AS other
             WHERE (later_start - beside."end" <= {_NUMBERED}) IS NOT TRUE AND is_footage
               AND other.camera_id = beside.camera_id AND other.damage = ''
               AND other.start > beside.start AND other.start <= beside."end" + {_NUMBERED}
             ORDER BY other.start LIMIT 1)
        ) AS later ON true
    )
"""  # noqa: S608 -- constants
"""What follows `WITH gone AS (…),` where `gone` are rows of segments: `reach` has their columns and in `span` the time
that the ledger counts as covered by each, NULL for a damaged one. The index must show the rows, and all beside them, as
before: within the statement that deletes them, or while they are there.
"""


def take_out_holes(spans: Iterable[Span], holed: Iterable[tuple[datetime, bytes]]) -> list[Span]:
    """Give what segments covered without what was missing inside them: `holed` are their starts and packed holes."""
    holes = unite(hole for start, packed in holed for hole in place_holes(start, packed))
    return [part for span in spans for part in subtract(span, holes)]
