"""Which days of a city's month have footage, and how much: what a calendar marks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from cities.postgres.prepared import ask
from cities.scope import scope_values
from recording.gaps.periods import Period, Unit, list_periods
from recording.gaps.spans import Span
from recording.writing import LONGEST_SEGMENT

# Half of a second of a day is none: a file's last sample may reach over midnight.
_DAYS = """
    SELECT camera.id, day.number, extract(epoch FROM SUM(
               LEAST(segment."end", session.ended_at, day."end")
               - GREATEST(segment.start, session.started_at, day.start)))::float8
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
    HAVING SUM(LEAST(segment."end", session.ended_at, day."end")
               - GREATEST(segment.start, session.started_at, day.start)) >= interval '0.5 seconds'
    ORDER BY camera.id, day.number
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
    starts, ends = [day.span.start for day in days], [day.span.end for day in days]
    values = {"cameras": list(cameras), "starts": starts, "ends": ends, "longest": LONGEST_SEGMENT}
    found: dict[UUID, list[DayOfFootage]] = {}
    for camera_id, number, seconds in ask(_DAYS, values | scope_values()):
        found.setdefault(camera_id, []).append(_describe(days[number - 1], seconds))
    return found


def _describe(period: Period, seconds: float) -> DayOfFootage:
    length = period.span.length.total_seconds()
    return DayOfFootage(date.fromisoformat(period.label), period.span, min(round(seconds, 3), length))
