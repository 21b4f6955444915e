"""The sweep over the history of outages: causes told more exactly, rows that are missing healed, old ones dropped.

Every statement is set-based and touches only what changes.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from ffmpeg.failures import FailureKind
from streams.progress import PATIENCE

KEPT = timedelta(days=400)
"""How long the history reaches back, and therefore the causes of gaps."""

SETTLED_AFTER = timedelta(minutes=5)
"""Until then what we learn is the cause of the whole outage; later it is a new cause, and a row of its own."""

REFUSED = (
    FailureKind.REFUSED,
    FailureKind.UNAUTHORIZED,
    FailureKind.NOT_FOUND,
    FailureKind.NO_VIDEO,
    FailureKind.UNSUPPORTED_CODEC,
    FailureKind.INVALID_DATA,
)
"""The camera, or something in its place, answers and gives us no picture: somebody must set it right."""

ABSENT = (FailureKind.DNS, FailureKind.TIMEOUT, FailureKind.UNREACHABLE, FailureKind.ENDED)
"""Nothing answers, or what did fell silent: power, network, or a camera that restarts."""

OURS = (FailureKind.MEDIA_SERVER,)
"""The camera answers and our own side did not take its picture."""

# No news (a first try under way, a kind nobody knows) changes no cause.
_NEWS = """
    SELECT outage.id, outage.camera_id, outage.city_id, outage.cause AS told, outage.began_at, outage.began_at_look,
           CASE WHEN GREATEST(stream.lease_until, stream.wished_at) + %(patience)s <= %(now)s THEN 'ingest'
                WHEN stream.problem_kind = ANY(%(ours)s) THEN 'ingest'
                WHEN stream.problem_kind = ANY(%(refused)s) THEN 'refused'
                WHEN stream.problem_kind = ANY(%(absent)s) THEN 'offline'
                ELSE outage.cause END AS cause
    FROM cameras_cameraoutage AS outage
    JOIN cameras_camera AS camera ON camera.id = outage.camera_id
    JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    JOIN streams_stream AS stream ON stream.camera_id = outage.camera_id
    WHERE outage.ended_at IS NULL AND stream.wished AND camera.source_url <> '' AND camera.removed_at IS NULL
      AND server.reach = 'reachable'
"""

_REFINE = f"""
    UPDATE cameras_cameraoutage AS outage SET cause = news.cause
    FROM ({_NEWS}) AS news
    WHERE outage.id = news.id AND news.cause <> news.told AND outage.began_at > %(now)s - %(settled)s
"""  # noqa: S608 -- made of constants

_SPLIT = f"""
    WITH news AS ({_NEWS}),
    ended AS (
        UPDATE cameras_cameraoutage AS outage SET ended_at = %(now)s
        FROM news WHERE outage.id = news.id AND outage.ended_at IS NULL AND news.cause <> news.told
          AND news.began_at <= %(now)s - %(settled)s
        RETURNING news.camera_id, news.city_id, news.cause, news.began_at_look
    )
    SELECT camera_id, city_id, cause, began_at_look FROM ended
"""  # noqa: S608 -- made of constants

_GO_ON = """
    INSERT INTO cameras_cameraoutage (camera_id, city_id, cause, began_at, began_at_look)
    VALUES (%s, %s, %s, %s, %s) ON CONFLICT (camera_id) WHERE ended_at IS NULL DO NOTHING
"""

_OPEN_MISSING = """
    INSERT INTO cameras_cameraoutage (camera_id, city_id, cause, began_at, began_at_look)
    SELECT camera.id, camera.city_id, 'offline',
           LEAST(COALESCE(camera.last_seen_at, camera.online_changed_at, camera.created_at), %(now)s), server.looks
    FROM cameras_camera AS camera JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    WHERE NOT camera.is_online AND camera.removed_at IS NULL AND server.reach = 'reachable'
      AND NOT EXISTS (
          SELECT FROM cameras_cameraoutage AS outage WHERE outage.camera_id = camera.id AND outage.ended_at IS NULL
      )
    ON CONFLICT (camera_id) WHERE ended_at IS NULL DO NOTHING
"""

_CLOSE_FORGOTTEN = """
    UPDATE cameras_cameraoutage AS outage
    SET ended_at = GREATEST(outage.began_at, LEAST(COALESCE(camera.removed_at, camera.online_changed_at), %(now)s))
    FROM cameras_camera AS camera
    WHERE camera.id = outage.camera_id AND outage.ended_at IS NULL
      AND (camera.is_online OR camera.removed_at IS NOT NULL)
"""

_OPEN_MISSING_OF_SERVERS = """
    INSERT INTO cameras_serveroutage (media_server_id, cause, began_at)
    SELECT server.id, 'down', LEAST(COALESCE(server.snapshot_at, server.reach_changed_at), %(now)s)
    FROM cameras_mediaserver AS server
    WHERE server.reach = 'unreachable' AND server.reach_changed_at IS NOT NULL
      AND NOT EXISTS (
          SELECT FROM cameras_serveroutage AS outage
          WHERE outage.media_server_id = server.id AND outage.cause = 'down' AND outage.ended_at IS NULL
      )
    ON CONFLICT (media_server_id, cause) WHERE ended_at IS NULL DO NOTHING
"""

_CLOSE_FORGOTTEN_OF_SERVERS = """
    UPDATE cameras_serveroutage AS outage
    SET ended_at = GREATEST(outage.began_at, LEAST(server.reach_changed_at, %(now)s))
    FROM cameras_mediaserver AS server
    WHERE server.id = outage.media_server_id AND outage.cause = 'down' AND outage.ended_at IS NULL
      AND server.reach = 'reachable'
"""

_DROP_OLD = (
    "DELETE FROM cameras_cameraoutage WHERE ended_at < %(now)s - %(kept)s",
    "DELETE FROM cameras_serveroutage WHERE ended_at < %(now)s - %(kept)s",
)


@dataclass(frozen=True)
class Swept:
    """How many rows a sweep wrote: `split` are outages whose cause changed after it had settled."""

    opened: int
    closed: int
    refined: int
    split: int


def sweep_outages(*, now: datetime) -> Swept:
    """Bring the outages in line with cameras, streams and media servers; a second sweep writes nothing.

    Wants every city in scope.
    """
    with transaction.atomic():
        closed = _write(_CLOSE_FORGOTTEN, now) + _write(_CLOSE_FORGOTTEN_OF_SERVERS, now)
        opened = _write(_OPEN_MISSING, now) + _write(_OPEN_MISSING_OF_SERVERS, now)
        refined, split = _write(_REFINE, now), _split(now)
    return Swept(opened, closed, refined, split)


def drop_old_outages(*, now: datetime) -> int:
    """Forget what ended longer ago than KEPT; give how many rows went. Wants every city in scope."""
    return sum(_write(statement, now) for statement in _DROP_OLD)


def _split(now: datetime) -> int:
    """End the outages whose cause has changed and let them go on under the new one, with the same first miss."""
    with connection.cursor() as cursor:
        cursor.execute(_SPLIT, _values(now))
        rows = cursor.fetchall()
        if rows:
            cursor.executemany(_GO_ON, [(camera, city, cause, now, look) for camera, city, cause, look in rows])
    return len(rows)


def _write(statement: str, now: datetime) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement, _values(now))
        return int(cursor.rowcount)


def _values(now: datetime) -> dict[str, Any]:
    return {
        "now": now,
        "kept": KEPT,
        "settled": SETTLED_AFTER,
        "patience": PATIENCE,
        "refused": [kind.value for kind in REFUSED],
        "absent": [*(kind.value for kind in ABSENT), "stalled"],
        "ours": [kind.value for kind in OURS],
    }
