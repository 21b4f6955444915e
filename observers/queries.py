"""The observer's set-based statements: what changed is written by one of them, however many cameras there are."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

# SKIP LOCKED: a camera whose row someone else holds is told at the next look; the observer waits for nobody, so that
# one hanging transaction cannot hide the state of all other cameras and no deadlock is possible.
_WRITE_CHANGED = """
    WITH changed AS (
        SELECT id FROM cameras_camera
        WHERE media_server_id = %(server)s AND removed_at IS NULL
          AND is_online IS DISTINCT FROM (id = ANY(%(online)s::uuid[]))
          AND (NOT is_online OR %(may_go_offline)s)
        FOR NO KEY UPDATE SKIP LOCKED
    ),
    written AS (
        UPDATE cameras_camera AS camera
        SET is_online = NOT camera.is_online,
            online_changed_at = %(at)s,
            last_seen_at = CASE WHEN camera.is_online
                                THEN GREATEST(camera.last_seen_at, %(last_seen_at)s::timestamptz) ELSE %(at)s END
        FROM changed WHERE camera.id = changed.id
        RETURNING camera.id, camera.city_id, camera.name, camera.is_online, camera.last_seen_at
    ),
    opened AS (
        INSERT INTO cameras_cameraoutage (camera_id, city_id, cause, began_at, began_at_look)
        SELECT id, city_id, 'offline', LEAST(COALESCE(last_seen_at, %(at)s), %(at)s), %(look)s
        FROM written WHERE NOT is_online
        ON CONFLICT (camera_id) WHERE ended_at IS NULL DO NOTHING
    ),
    closed AS (
        UPDATE cameras_cameraoutage AS outage
        SET ended_at = GREATEST(outage.began_at, %(at)s)
        FROM written WHERE written.is_online AND outage.camera_id = written.id AND outage.ended_at IS NULL
    )
    SELECT id, city_id, name, is_online FROM written
"""

_ANYONE_MISSING = """
    SELECT EXISTS (
        SELECT FROM cameras_camera
        WHERE media_server_id = %(server)s AND removed_at IS NULL AND is_online
          AND NOT (id = ANY(%(online)s::uuid[]))
    )
"""

_OF_NO_CAMERA = """
    SELECT fed.id::text FROM unnest(%(fed)s::uuid[]) AS fed(id)
    WHERE NOT EXISTS (
        SELECT FROM cameras_camera AS camera
        WHERE camera.id = fed.id AND camera.media_server_id = %(server)s AND camera.removed_at IS NULL
    )
"""


@dataclass(frozen=True)
class PathChange:
    """A camera's path came (`is_online`) or went; `at` is the moment of the snapshot that showed it."""

    camera_id: UUID
    city_id: UUID
    name: str
    is_online: bool
    at: datetime


def write_changed_cameras(  # noqa: PLR0913 -- the values of one statement
    server_id: int,
    online: Iterable[str],
    *,
    at: datetime,
    last_seen_at: datetime | None,
    may_go_offline: bool,
    look: int,
) -> list[PathChange]:
    """Bring the server's cameras in line with the ids that are online; touches and gives only those that changed.

    A camera that goes offline was last seen at `last_seen_at` (or later, if its own row says so). There its outage
    begins, in the same statement; one that comes ends it. `look` is the server's count of valid snapshots.
    """
    values: dict[str, Any] = {
        "server": server_id,
        "online": _write_array(online),
        "at": at,
        "last_seen_at": last_seen_at,
        "may_go_offline": may_go_offline,
        "look": look,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE_CHANGED, values)
        rows = cursor.fetchall()
    return [PathChange(camera_id, city_id, name, is_online, at) for camera_id, city_id, name, is_online in rows]


def anyone_missing(server_id: int, online: Iterable[str]) -> bool:
    """Say whether a camera that is known as online is not among the ids."""
    with connection.cursor() as cursor:
        cursor.execute(_ANYONE_MISSING, {"server": server_id, "online": _write_array(online)})
        return bool(cursor.fetchone()[0])


def find_ids_of_no_camera(server_id: int, fed: Iterable[str]) -> list[str]:
    """Give those of the ids that are no camera of this server (any more)."""
    with connection.cursor() as cursor:
        cursor.execute(_OF_NO_CAMERA, {"server": server_id, "fed": _write_array(fed)})
        return [row[0] for row in cursor.fetchall()]


def _write_array(ids: Iterable[str]) -> str:
    """Give ids as Postgres writes an array; ten times quicker than to have the driver adapt 10,000 of them."""
    return f"{{{','.join(ids)}}}"
