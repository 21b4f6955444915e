"""What is known of the disks and what is promised of their footage; few rows, but for the two passes of a forecast."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import F

from cameras.models import MediaServer
from recording.holds.queries import live_holds
from recording.models import Forecast, Storage
from recording.retention.disk import WaterMarks, choose_water_marks
from recording.storage.decisions import MEASURE_IS_GOOD_FOR, CityUse, is_full, is_promise_broken

WINDOW = timedelta(days=1)

ServerUses = dict[int, dict[UUID, CityUse]]
"""By media server, by city."""

# A camera's own policy beats its city's, which beats the default. A removed camera's footage stays promised.
_PROMISES = """
    SELECT camera.id AS camera_id, camera.city_id, camera.media_server_id, policy.days
    FROM cameras_camera AS camera
    LEFT JOIN recording_retentionpolicy AS own ON own.camera_id = camera.id
    LEFT JOIN recording_retentionpolicy AS general ON general.city_id = camera.city_id AND general.camera_id IS NULL
    CROSS JOIN LATERAL (SELECT COALESCE(own.days, general.days, 7) AS days) AS policy
    WHERE camera.removed_at IS NULL OR camera.removed_at > %(now)s - policy.days * interval '1 day'
"""

# Bytes a day of a camera that is being recorded: what it wrote in the last day over the time in which it was wished to
# and its media server could. A segment that began before the day counts in part; none is longer than 24 h. All of its
# columns stand in the unique index of (camera, start), which is read for these cameras and this day only.
_WRITTEN = f"""
    WITH promise AS ({_PROMISES}),
    wished AS (
        SELECT camera_id, bool_or(ended_at IS NULL) AS is_on, range_agg(tstzrange(
            GREATEST(started_at, %(since)s), LEAST(COALESCE(ended_at, %(now)s), %(now)s))) AS spans
        FROM recording_recordingsession
        WHERE started_at < %(now)s AND (ended_at IS NULL OR ended_at > %(since)s)
        GROUP BY camera_id
    ),
    outage AS (
        SELECT media_server_id, range_agg(tstzrange(
            GREATEST(began_at, %(since)s), LEAST(COALESCE(ended_at, %(now)s), %(now)s))) AS spans
        FROM cameras_serveroutage
        WHERE began_at < %(now)s AND (ended_at IS NULL OR ended_at > %(since)s)
        GROUP BY media_server_id
    ),
    measured AS (
        SELECT promise.camera_id, written.seconds,
               written.bytes * 86400.0 / GREATEST(observed.seconds, written.seconds, 600.0) AS rate
        FROM promise
        JOIN wished ON wished.camera_id = promise.camera_id AND wished.is_on
        LEFT JOIN outage ON outage.media_server_id = promise.media_server_id
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(EXTRACT(epoch FROM upper(span) - lower(span))), 0) AS seconds
            FROM unnest(wished.spans - COALESCE(outage.spans, '{{}}'::tstzmultirange)) AS span
        ) AS observed
        CROSS JOIN LATERAL (
            SELECT COALESCE(sum(EXTRACT(epoch FROM segment."end" - GREATEST(segment.start, %(since)s))), 0) AS seconds,
                   COALESCE(sum(segment.size * LEAST(1.0, EXTRACT(epoch FROM segment."end" - %(since)s)
                       / GREATEST(EXTRACT(epoch FROM segment."end" - segment.start), 0.001))), 0) AS bytes
            FROM recording_segment AS segment
            WHERE segment.camera_id = promise.camera_id
              AND segment.start BETWEEN %(since)s - interval '25 hours' AND %(now)s AND segment."end" > %(since)s
        ) AS written
    )
    SELECT promise.media_server_id, promise.city_id, COALESCE(sum(rate), 0), COALESCE(sum(rate * promise.days), 0),
           COALESCE(sum(seconds), 0), sum(promise.days), max(promise.days)
    FROM promise LEFT JOIN measured USING (camera_id)
    GROUP BY promise.media_server_id, promise.city_id
"""  # noqa: S608 -- made of our own text alone

# By camera first, in the order of the unique index of (camera, start), which holds the sizes: no row itself is read.
_KEPT = """
    SELECT camera.media_server_id, camera.city_id, sum(kept.bytes)
    FROM (SELECT camera_id, sum(size) AS bytes FROM recording_segment GROUP BY camera_id) AS kept
    JOIN cameras_camera AS camera ON camera.id = kept.camera_id
    GROUP BY camera.media_server_id, camera.city_id
"""

# From the holds to their segments, a bounded range of the same index for each; one that two holds touch counts once.
_HELD = """
    SELECT media_server_id, city_id, sum(size)
    FROM (
        SELECT DISTINCT segment.id, segment.media_server_id, segment.city_id, segment.size
        FROM unnest(%(cameras)s::uuid[], %(starts)s::timestamptz[], %(ends)s::timestamptz[])
            AS hold(camera_id, starts_at, ends_at)
        JOIN recording_segment AS segment ON segment.camera_id = hold.camera_id
            AND segment.start BETWEEN hold.starts_at - interval '25 hours' AND hold.ends_at
            AND GREATEST(segment."end", segment.claims_until) >= hold.starts_at
    ) AS held
    GROUP BY media_server_id, city_id
"""

_LONGEST_PROMISES = f"""
    SELECT media_server_id, max(days) FROM ({_PROMISES}) AS promise GROUP BY media_server_id
"""  # noqa: S608 -- as above


@dataclass(frozen=True)
class BrokenPromise:
    """A media server whose MediaMTX deletes footage before the longest promise made of it ends."""

    server: MediaServer
    delete_after_seconds: int
    promised_days: int


@dataclass(frozen=True)
class StorageTroubles:
    """How many media servers break a promise, refuse recording, are full; how many cities get too few days."""

    broken_promises: int = 0
    refusing: int = 0
    full: int = 0
    short_cities: int = 0


def measure_uses(now: datetime) -> ServerUses:
    """Give what each city writes and keeps on each media server. Wants every city in scope.

    Two passes of the index of segments: the last day's rows of the cameras that are recorded, and all sizes.
    """
    uses: ServerUses = {}
    values = {"now": now, "since": now - WINDOW}
    for server_id, city_id, rate, wanted, seconds, camera_days, longest in _fetch(_WRITTEN, values):
        use = CityUse(float(rate), float(wanted), float(seconds), camera_days=camera_days, promised_days=longest)
        uses.setdefault(server_id, {})[city_id] = use
    for server_id, city_id, kept in _fetch(_KEPT, {}):
        _change(uses, server_id, city_id, footage_bytes=int(kept))
    for server_id, city_id, held in _sum_held(now):
        _change(uses, server_id, city_id, held_bytes=int(held))
    return uses


def longest_promises(now: datetime) -> dict[int, int]:
    """Give the longest promise in days by media server; none for one without cameras. Wants every city in scope."""
    return dict(_fetch(_LONGEST_PROMISES, {"now": now}))


def find_broken_promises(storages: Iterable[Storage], promises: dict[int, int]) -> list[BrokenPromise]:
    """Give the media servers among these that delete before their promises end; wants `media_server` loaded."""
    found = []
    for storage in storages:
        seconds, days = storage.delete_after_seconds, promises.get(storage.media_server_id)
        if seconds and days and is_promise_broken(seconds, days):
            found.append(BrokenPromise(storage.media_server, seconds, days))
    return found


def count_troubles(now: datetime) -> StorageTroubles:
    """Count what is wrong with the disks; reads the few rows of storage and forecasts. Wants every city in scope."""
    storages = list(Storage.objects.all())
    short = Forecast.objects.filter(yields_days__lt=F("promised_days"))
    return StorageTroubles(
        broken_promises=sum(is_promise_broken(each.delete_after_seconds, each.promised_days) for each in storages),
        refusing=sum(each.refuses_since is not None for each in storages),
        full=sum(seems_full(each, now) for each in storages),
        short_cities=short.values("city").distinct().count(),
    )


def find_marks(storage: Storage) -> WaterMarks:
    """Give the water marks in force on a disk that was measured."""
    return choose_water_marks(storage.total_bytes or 0, storage.low_bytes, storage.high_bytes)


def find_given_marks(root: str) -> WaterMarks | None:
    """Give the water marks that an operator set for a folder of recordings, None where the choice is ours."""
    marks = Storage.objects.filter(media_server__recordings_root=root, low_bytes__isnull=False)
    found = marks.values_list("low_bytes", "high_bytes").first()
    return WaterMarks(found[0] or 0, found[1] or 0) if found else None


def seems_full(storage: Storage, now: datetime) -> bool:
    """Say whether the disk was full when it was measured just now; an older measure says nothing."""
    if storage.free_bytes is None or not is_measured(storage, now):
        return False
    return is_full(storage.free_bytes, find_marks(storage))


def is_measured(storage: Storage, now: datetime) -> bool:
    """Say whether the last measure still holds."""
    return storage.measured_at is not None and now - storage.measured_at <= MEASURE_IS_GOOD_FOR


def find_storage(server_id: int) -> Storage | None:
    """Give what is known of a media server's disk; None before its first measure."""
    return Storage.objects.filter(media_server=server_id).first()


def refuses_recording(server_id: int) -> bool:
    """Say whether a media server records nothing because only held footage is left on its disk."""
    return Storage.objects.filter(media_server=server_id, refuses_since__isnull=False).exists()


def _change(uses: ServerUses, server_id: int, city_id: UUID, **changes: int) -> None:
    cities = uses.setdefault(server_id, {})
    cities[city_id] = replace(cities.get(city_id, CityUse()), **changes)


def _sum_held(now: datetime) -> list[Any]:
    holds = list(live_holds(now).values_list("camera", "starts_at", "ends_at"))
    cameras, starts, ends = map(list, zip(*holds, strict=True)) if holds else ([], [], [])
    return _fetch(_HELD, {"cameras": cameras, "starts": starts, "ends": ends})


def _fetch(statement: str, values: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: list[Any] = cursor.fetchall()
    return rows
