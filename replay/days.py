"""Which days of a city's month have footage, and how much: what a calendar marks."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from cities.postgres.prepared import ask
from cities.scope import scope_values
from recording.gaps.holes import place_holes
from recording.gaps.periods import Period, Unit, list_periods
from recording.gaps.spans import Span
from recording.writing import LONGEST_SEGMENT

LEAST_SECONDS = 0.5
"""Less of a day is none: a file's last sample may reach over midnight."""

# The files' time of each day, and then the files that have holes, which stand in an index of their own.
_DAYS = """
    SELECT camera.id, day.number, extract(epoch FROM SUM(
               LEAST(segment."end", session.ended_at, day."end")
               - GREATEST(segment.start, session.started_at, day.start)))::float8,
           NULL::timestamptz, NULL::timestamptz, NULL::timestamptz, NULL::bytea
    FROM cameras_camera AS camera
    CROSS JOIN unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[]) WITH ORDINALITY AS day(start, "end", number)
    JOIN recording_recordingsession AS session
      ON session.camera_id = camera.id AND session.started_at < day."end"
     AND (session.ended_at IS NULL OR session.ended_at > day.start)
    JOIN recording_segment AS segment
      ON segment.camera_id = camera.id AND segment.start >= day.start - %(longest)s AND segment.start < day."end"
     AND segment."end" > day.start AND segment.state IN ('open', 'ready')
     AND segment.start < COALESCE(session.ended_at, 'infinity') AND segment."end" > session.started_at
    WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
    GROUP BY camera.id, day.number
    UNION ALL
    SELECT camera.id, NULL, NULL, segment.start, GREATEST(session.started_at, %(from)s),
           LEAST(session.ended_at, %(to)s), segment.holes
    FROM cameras_camera AS camera
    JOIN recording_segment AS segment
      ON segment.camera_id = camera.id AND segment.start >= %(from)s - %(longest)s AND segment.start < %(to)s
     AND segment."end" > %(from)s AND segment.state IN ('open', 'ready') AND segment.holes > ''
    JOIN recording_recordingsession AS session
      ON session.camera_id = camera.id AND session.started_at < segment."end"
     AND (session.ended_at IS NULL OR session.ended_at > segment.start)
    WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
    ORDER BY 1, 2
"""


@dataclass(frozen=True)
class DayOfFootage:
    """A day of the city, which has 23 or 25 hours where the clocks change, and its seconds of footage."""

    day: date
    span: Span
    seconds: float


def list_days(cameras: Sequence[UUID], month: Span, zone: ZoneInfo) -> dict[UUID, list[DayOfFootage]]:
    """Give the days that have footage, of those of the cameras that have any, within the cities in scope; one query."""
    days = list_periods(month, zone, Unit.DAY)
    edges = {"starts": [day.span.start for day in days], "ends": [day.span.end for day in days]}
    values = {"cameras": list(cameras), "from": month.start, "to": month.end, "longest": LONGEST_SEGMENT}
    seconds: dict[UUID, list[float]] = {}
    for camera_id, number, length, start, begun, over, holes in ask(_DAYS, values | edges | scope_values()):
        of_days = seconds.setdefault(camera_id, [0.0] * len(days))
        if number is not None:
            of_days[number - 1] += length
        else:
            _take_out(
                of_days, days, [part for hole in place_holes(start, holes) if (part := hole.clip(Span(begun, over)))]
            )
    return {
        camera_id: [
            _describe(day, length) for day, length in zip(days, of_days, strict=True) if length >= LEAST_SECONDS
        ]
        for camera_id, of_days in seconds.items()
        if max(of_days) >= LEAST_SECONDS
    }


def _take_out(seconds: list[float], days: Sequence[Period], holes: Iterable[Span]) -> None:
    for hole in holes:
        for number, day in enumerate(days):
            if part := hole.clip(day.span):
                seconds[number] -= part.length.total_seconds()


def _describe(period: Period, seconds: float) -> DayOfFootage:
    length = period.span.length.total_seconds()
    return DayOfFootage(date.fromisoformat(period.label), period.span, min(round(seconds, 3), length))
