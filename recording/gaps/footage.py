"""What may be replayed: footage within recording sessions; the one query that a timeline and its player stand on."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import repeat
from typing import Any, NamedTuple

from cameras.models import Camera
from cities.postgres.prepared import ask
from cities.scope import check_in_scope
from recording.gaps.holes import place_holes
from recording.gaps.spans import Span, subtract
from recording.writing import LONGEST_SEGMENT

# Bounded below, so that the index gives exactly the segments that can reach into the time; all that is asked of a
# segment stands in the index itself. There is nearly always one session. Reading a moment out of Postgres' answer is
# what takes most of the time here, so the start is told a second time only where it was cut. A whole day comes all but
# in order; putting it so here takes half of what Postgres needs for it.
_SPANS = """
    WITH session AS MATERIALIZED (
        SELECT GREATEST(started_at, %(from)s) AS begun, LEAST(ended_at, %(to)s) AS over
        FROM recording_recordingsession
        WHERE camera_id = %(camera)s AND started_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
    )
    SELECT segment.start, CASE WHEN segment.start < session.begun THEN session.begun END,
           LEAST(segment."end", session.over), segment.state
    FROM recording_segment AS segment JOIN session ON segment.start < session.over AND segment."end" > session.begun
    WHERE segment.camera_id = %(camera)s AND segment.start >= %(since)s AND segment.state IN ('open', 'ready')
"""

_FIRST_SPANS = f"{_SPANS} ORDER BY segment.start, session.begun LIMIT %(most)s"

_HOLES = """
    SELECT start, holes FROM recording_segment
    WHERE camera_id = %(camera)s AND start >= %(first)s AND start <= %(last)s AND holes > ''
"""


class FootageSpan(NamedTuple):
    """A stretch that may be replayed, out of one segment, which its camera and `segment_start` name.

    It ends with the last whole fragment, with its session or with the time asked for. An `open` segment still grows.
    `cut` is where it begins if that is later than its segment, else None.
    """

    segment_start: datetime
    cut: datetime | None
    end: datetime
    state: str

    @property
    def start(self) -> datetime:
        """Where it begins."""
        return self.cut or self.segment_start


def list_footage_spans(camera: Camera, start: datetime, end: datetime, *, most: int | None = None) -> list[FootageSpan]:
    """Give what may be replayed of a camera from `start` to `end`, in order, at most `most` of it; one query.

    Segments that are damaged or being deleted are left out, and what was written outside every session. Raises
    OutsideScope for a camera of a city that is not in scope.
    """
    check_in_scope(camera.city_id)
    since = start - LONGEST_SEGMENT
    values: dict[str, Any] = {"camera": camera.pk, "from": start, "to": end, "since": since}
    rows = ask(_SPANS, values) if most is None else ask(_FIRST_SPANS, values | {"most": most})
    rows.sort(key=_find_start)
    # What FootageSpan._make calls: without the step in between, and without a second tuple, a day takes 3 % less.
    return list(map(tuple.__new__, repeat(FootageSpan), rows))


def cut_at_holes(camera: Camera, spans: Sequence[FootageSpan]) -> list[FootageSpan]:
    """Give what `list_footage_spans` gave as the parts of it that have pictures; one query, of the holes' own index."""
    if not spans:
        return []
    rows = ask(_HOLES, {"camera": camera.pk, "first": spans[0].segment_start, "last": spans[-1].segment_start})
    holes = {start: place_holes(start, packed) for start, packed in rows}
    return [part for span in spans for part in _cut(span, holes.get(span.segment_start))]


def _cut(span: FootageSpan, holes: Sequence[Span] | None) -> Iterable[FootageSpan]:
    if not holes:
        return [span]
    return [
        span._replace(cut=None if part.start == span.segment_start else part.start, end=part.end)
        for part in subtract(Span(span.start, span.end), holes)
    ]


def _find_start(row: tuple[datetime, datetime | None, datetime, str]) -> datetime:
    return row[1] or row[0]
