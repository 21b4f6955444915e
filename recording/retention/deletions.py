"""Writes down what was deleted: by camera, day of the city, and rule; whoever deleted it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.models import Max

from cities.models import City
from cities.scope import check_in_scope
from recording.fields import pack_spans
from recording.gaps.spans import Span
from recording.models import DeletionRecord

# The city is the camera's, so that no caller can name a wrong one. Of a row that does not know its stretches it is not
# known where those before ours lay: it stays so, as NULL and anything give NULL.
_UPSERT = """
    INSERT INTO recording_deletion AS known
        (camera_id, city_id, day, rule, is_early, start, "end", segments, bytes, last_at, spans, damaged)
    SELECT seen.camera_id, camera.city_id, seen.day, seen.rule, seen.is_early, seen.start, seen."end",
           seen.segments, seen.bytes, %(now)s, seen.spans, seen.damaged
    FROM unnest(%(camera_id)s::uuid[], %(day)s::date[], %(rule)s::text[], %(is_early)s::boolean[],
                %(start)s::timestamptz[], %(end)s::timestamptz[], %(segments)s::int[], %(bytes)s::bigint[],
                %(spans)s::tstzmultirange[], %(damaged)s::tstzmultirange[])
        AS seen(camera_id, day, rule, is_early, start, "end", segments, bytes, spans, damaged)
    JOIN cameras_camera AS camera ON camera.id = seen.camera_id
    ON CONFLICT (camera_id, day, rule, is_early) DO UPDATE
    SET start = least(known.start, excluded.start), "end" = greatest(known."end", excluded."end"),
        segments = known.segments + excluded.segments, bytes = known.bytes + excluded.bytes,
        last_at = greatest(known.last_at, excluded.last_at),
        spans = known.spans + excluded.spans, damaged = known.damaged + excluded.damaged
"""


SumKey = tuple[UUID, UUID, str, bool]
"""City, camera, rule, and whether it was early."""


@dataclass(frozen=True, slots=True)
class Deleted:
    """A segment that is gone; `is_early`: before its promised days were over.

    `spans`: what the ledger counted as covered by it, see `REACH`; None: from its start to its end.
    """

    camera_id: UUID
    city_id: UUID
    start: datetime
    end: datetime
    bytes: int
    rule: str
    is_early: bool
    spans: Sequence[Span] | None = None
    is_damaged: bool = False


@dataclass
class Sum:
    """What one rule took from one camera."""

    start: datetime
    end: datetime
    segments: int = 0
    bytes: int = 0
    spans: list[Span] = field(default_factory=list)
    damaged: list[Span] = field(default_factory=list)

    def add(self, deleted: Deleted) -> None:
        """Count one more."""
        self.start, self.end = min(self.start, deleted.start), max(self.end, deleted.end)
        self.segments += 1
        self.bytes += deleted.bytes
        whole = Span(deleted.start, deleted.end)
        self.spans += ([whole] if whole.start < whole.end else []) if deleted.spans is None else deleted.spans
        self.damaged += [whole] if deleted.is_damaged else []


def note_deletions(deleted: Iterable[Deleted], now: datetime) -> None:
    """Do what `note_sums` does of segments one by one."""
    note_sums(add_up(deleted), now)


@transaction.atomic
def note_sums(sums: Mapping[SumKey, Sum], now: datetime) -> None:
    """Add them to their cities' day; call it in the transaction that takes their rows away, so that each counts once.

    A sealed day takes nothing more: what comes late, or by a clock that was set back, stands in the first day after.
    """
    if not sums:
        return
    days = _open_days({city_id for city_id, _camera, _rule, _early in sums}, now)
    rows = sorted(sums.items(), key=lambda item: str(item[0]))  # one order for all, so that nobody waits in a ring
    values: dict[str, Any] = {
        "camera_id": [camera_id for (_city, camera_id, _rule, _early), _sum in rows],
        "day": [days[city_id] for (city_id, _camera, _rule, _early), _sum in rows],
        "rule": [rule for (_city, _camera, rule, _early), _sum in rows],
        "is_early": [early for (_city, _camera, _rule, early), _sum in rows],
        **{name: [getattr(each, name) for _key, each in rows] for name in ("start", "end", "segments", "bytes")},
        **{name: [pack_spans(getattr(each, name)) for _key, each in rows] for name in ("spans", "damaged")},
    }
    with connection.cursor() as cursor:
        cursor.execute(_UPSERT, values | {"now": now})


def add_up(deleted: Iterable[Deleted]) -> dict[SumKey, Sum]:
    """Give what goes into each row."""
    sums: dict[SumKey, Sum] = {}
    for each in deleted:
        key = (each.city_id, each.camera_id, str(each.rule), each.is_early)
        sums.setdefault(key, Sum(each.start, each.end)).add(each)
    return sums


def day_of(city: City, moment: datetime) -> date:
    """Give the day that it is in the city."""
    return moment.astimezone(ZoneInfo(city.time_zone)).date()


def _open_days(city_ids: set[UUID], now: datetime) -> dict[UUID, date]:
    """Give each city's day, or the first one that is not sealed."""
    for city_id in city_ids:
        check_in_scope(city_id)
    sealed = dict(
        DeletionRecord.objects.filter(city_id__in=city_ids).order_by().values_list("city_id").annotate(Max("day"))
    )
    days = {city.pk: day_of(city, now) for city in City.objects.filter(pk__in=city_ids)}
    return {
        city_id: max(day, sealed[city_id] + timedelta(days=1)) if city_id in sealed else day
        for city_id, day in days.items()
    }
