"""Reads what alarms are derived from: a fixed number of set-based queries, however many cameras there are."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet

from cameras.models import Camera, MediaServer, ServerOutage, ServerOutageCause
from observers.alarms.decisions import RESETS_TO_STAY, OpenAlarm
from observers.alarms.facts import CameraFacts, CityCount, Facts, Missing, ServerFacts, Share, Unmet
from observers.models import Alarm
from recording.models import Forecast, Segment
from recording.retention.disk import choose_water_marks
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT

UNMET_AFTER = timedelta(seconds=60)
RESTLESS_WITHIN = timedelta(minutes=10)
RESETS_WITHIN = timedelta(hours=1)
TOLD_FOR = timedelta(hours=24)
"""Early deletions and damaged footage are told of for so long after the last one."""

ATTEMPTS = 3

T = TypeVar("T")

# A camera that publishes by itself is wanted once it was seen: before that nobody may have pointed it at us.
_WANTED = """
    (camera.recording_enabled OR COALESCE(stream.wished, false)
     OR (camera.source_url = '' AND camera.last_seen_at IS NOT NULL))
"""

_SHARES = f"""
    SELECT camera.city_id, camera.media_server_id,
           count(*) FILTER (WHERE {_WANTED}), count(*) FILTER (WHERE camera.recording_enabled)
    FROM cameras_camera AS camera LEFT JOIN streams_stream AS stream ON stream.camera_id = camera.id
    WHERE camera.removed_at IS NULL
    GROUP BY camera.city_id, camera.media_server_id
"""  # noqa: S608 -- the text is the constant above

_MISSING = f"""
    SELECT camera.id, camera.city_id, camera.media_server_id, outage.began_at, server.looks - outage.began_at_look + 1
    FROM cameras_cameraoutage AS outage
    JOIN cameras_camera AS camera ON camera.id = outage.camera_id AND camera.removed_at IS NULL
    JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    LEFT JOIN streams_stream AS stream ON stream.camera_id = camera.id
    WHERE outage.ended_at IS NULL AND {_WANTED}
"""  # noqa: S608 -- the text is the constant above

# The newest twelve outages suffice: they are more than enough to open the alarm.
_RESTLESS = """
    SELECT camera.id, camera.city_id, camera.media_server_id, turns.count
    FROM cameras_camera AS camera
    JOIN LATERAL (
        SELECT count(*) FILTER (WHERE newest.began_at >= %(since)s)
               + count(*) FILTER (WHERE newest.ended_at >= %(since)s) AS count
        FROM (SELECT began_at, ended_at FROM cameras_cameraoutage
              WHERE camera_id = camera.id ORDER BY began_at DESC LIMIT 12) AS newest
    ) AS turns ON turns.count > 0
    WHERE camera.removed_at IS NULL AND camera.online_changed_at >= %(since)s
"""

# A recorder that was reset begins a new recording; a new file of the same recording is the ordinary course of things.
# What a full disk leaves behind is damaged, and says nothing of clocks. First the few cameras with many files, out of
# the index alone: the planner would look at all of everybody's files and outages before it counted.
_RESETS = """
    WITH busy AS MATERIALIZED (
        SELECT camera.id, camera.city_id, camera.media_server_id
        FROM cameras_camera AS camera
        JOIN LATERAL (
            SELECT count(*) AS count FROM recording_segment
            WHERE camera_id = camera.id AND start >= %(since)s AND state <> 'damaged'
        ) AS files ON files.count > %(least)s
        WHERE camera.removed_at IS NULL
    )
    SELECT busy.id, busy.city_id, busy.media_server_id, begun.recordings - explained.returns
    FROM busy
    CROSS JOIN LATERAL (
        SELECT count(DISTINCT stream_id) + count(*) FILTER (WHERE stream_id IS NULL) AS recordings
        FROM recording_segment WHERE camera_id = busy.id AND start >= %(since)s AND state <> 'damaged'
    ) AS begun
    CROSS JOIN LATERAL (
        SELECT count(*) AS returns FROM cameras_cameraoutage WHERE camera_id = busy.id AND ended_at >= %(since)s
    ) AS explained
    WHERE begun.recordings - explained.returns > %(least)s
"""

# Bounded below by the longest segment there can be, as in recording/writing.py.
_UNMET = """
    SELECT camera.id, camera.city_id, camera.media_server_id,
           GREATEST(session.started_at, newest."end"), camera.is_online
    FROM recording_recordingsession AS session
    JOIN cameras_camera AS camera ON camera.id = session.camera_id AND camera.removed_at IS NULL
    LEFT JOIN LATERAL (
        SELECT "end" FROM recording_segment
        WHERE camera_id = camera.id AND start >= %(bound)s AND state <> 'damaged'
        ORDER BY start DESC LIMIT 1
    ) AS newest ON true
    WHERE session.ended_at IS NULL AND session.started_at <= %(until)s
      AND (newest."end" IS NULL OR newest."end" <= %(until)s)
"""

# Through the cities: the index of deletions begins with them. `day` is a city's own, at most a day off ours.
_EARLY = """
    SELECT city.id, camera.media_server_id, sum(deletion.segments), count(DISTINCT camera.id)
    FROM cities_city AS city
    JOIN recording_deletion AS deletion ON deletion.city_id = city.id AND deletion.day >= %(day)s
    JOIN cameras_camera AS camera ON camera.id = deletion.camera_id
    WHERE deletion.is_early AND deletion.last_at >= %(since)s
    GROUP BY city.id, camera.media_server_id
"""


def read_facts(now: datetime, *, frozen: dict[int, list[str]], config_is_stale: bool) -> Facts:
    """Read everything but what stands in the cache, which is handed in. Wants every city in scope."""
    return Facts(
        servers={server.pk: server for server in _read_servers(config_is_stale=config_is_stale)},
        shares=_read_shares(),
        missing=_read(Missing, _MISSING),
        unmet=_read(Unmet, _UNMET, until=now - UNMET_AFTER, bound=now - LONGEST_SEGMENT),
        restless=_read(CameraFacts, _RESTLESS, since=now - RESTLESS_WITHIN),
        resets=_read(CameraFacts, _RESETS, since=now - RESETS_WITHIN, least=RESETS_TO_STAY),
        damaged=_read_damaged(now - TOLD_FOR),
        frozen=_read_frozen(frozen),
        frozen_known=frozenset(frozen),
        early=_read(CityCount, _EARLY, since=now - TOLD_FOR, day=(now - TOLD_FOR - timedelta(days=1)).date()),
        undeletable=_read_undeletable(),
    )


def read_open_alarms() -> list[OpenAlarm]:
    """Give the open alarms. Wants every city in scope."""
    rows = Alarm.objects.filter(closed_at=None).values_list(
        "pk",
        "kind",
        "city_id",
        "camera_id",
        "media_server_id",
        "camera__media_server_id",
        "last_seen_at",
        "camera__removed_at",
    )
    return [
        OpenAlarm(pk, (kind, city, camera, server), server or of_camera, seen, removed is not None)
        for pk, kind, city, camera, server, of_camera, seen, removed in rows
    ]


def list_alarms() -> QuerySet[Alarm]:
    """Give the alarms in scope, newest first, with what names their subjects."""
    return Alarm.objects.select_related("camera", "media_server", "city").order_by("-opened_at", "-pk")


def count_open_alarms(city_id: UUID) -> int:
    """Count what is wrong now in a city."""
    return Alarm.objects.filter(city_id=city_id, closed_at=None).count()


def count_servers_in_trouble() -> dict[str, int]:
    """Give on how many media servers each kind of alarm about a media server is open. Wants every city in scope."""
    rows = Alarm.objects.filter(closed_at=None, media_server__isnull=False).values("kind").order_by("kind")
    return dict(rows.annotate(servers=Count("media_server", distinct=True)).values_list("kind", "servers"))


def _read(kind: type[T], statement: str, **values: Any) -> tuple[T, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return tuple(kind(*row) for row in cursor.fetchall())


def _read_servers(*, config_is_stale: bool) -> Iterable[ServerFacts]:
    full = ServerOutage.objects.filter(media_server=OuterRef("pk"), cause=ServerOutageCause.DISK_FULL, ended_at=None)
    servers = MediaServer.objects.select_related("storage").annotate(is_full=Exists(full))
    return [_describe_server(server, config_is_stale=config_is_stale) for server in servers]


def _describe_server(server: Any, *, config_is_stale: bool) -> ServerFacts:
    storage = getattr(server, "storage", None)
    return ServerFacts(
        pk=server.pk,
        reach=server.reach,
        reach_changed_at=server.reach_changed_at,
        snapshot_at=server.snapshot_at,
        grace_until=server.grace_until,
        is_disk_full=server.is_full or (storage is not None and _is_low(storage)),
        refuses_since=storage and storage.refuses_since,
        is_in_doubt=bool(storage and storage.doubt),
        delete_after_seconds=storage and storage.delete_after_seconds,
        promised_days=storage and storage.promised_days,
        is_config_stale=config_is_stale and server.api_url == settings.MEDIAMTX_API_URL,
    )


def _is_low(storage: Any) -> bool:
    if storage.free_bytes is None or storage.total_bytes is None:
        return False
    marks = choose_water_marks(storage.total_bytes, storage.low_bytes, storage.high_bytes)
    return bool(storage.free_bytes < marks.low)


def _read_shares() -> tuple[Share, ...]:
    forecasts = {
        (city_id, server_id): (yields, promised)
        for city_id, server_id, yields, promised in Forecast.objects.values_list(
            "city_id", "media_server_id", "yields_days", "promised_days"
        )
    }
    with connection.cursor() as cursor:
        cursor.execute(_SHARES)
        rows = cursor.fetchall()
    return tuple(
        Share(city_id, server_id, wanted, recording, *forecasts.get((city_id, server_id), (None, None)))
        for city_id, server_id, wanted, recording in rows
    )


def _read_damaged(since: datetime) -> tuple[CameraFacts, ...]:
    rows = Segment.objects.filter(state=SegmentState.DAMAGED, indexed_at__gte=since, camera__removed_at=None)
    counts = rows.values("camera_id", "city_id", "camera__media_server_id").annotate(segments=Count("pk"))
    return tuple(
        CameraFacts(*row) for row in counts.values_list("camera_id", "city_id", "camera__media_server_id", "segments")
    )


def _read_frozen(frozen: dict[int, list[str]]) -> tuple[CameraFacts, ...]:
    ids = [camera_id for camera_ids in frozen.values() for camera_id in camera_ids]
    cameras = Camera.objects.filter(pk__in=ids, is_online=True, removed_at=None)
    return tuple(CameraFacts(*row) for row in cameras.values_list("pk", "city_id", "media_server_id"))


def _read_undeletable() -> tuple[CityCount, ...]:
    stuck = Segment.objects.filter(state=SegmentState.DELETING, deletion_attempts__gte=ATTEMPTS)
    counts = stuck.values("city_id", "media_server_id").annotate(segments=Count("pk"))
    return tuple(CityCount(*row) for row in counts.values_list("city_id", "media_server_id", "segments"))
