"""Many rows at once where none are yet: Postgres takes them in by COPY, at half the price of an upsert."""

from collections.abc import Sequence
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from recording.segments.decisions import MOST_AHEAD, SegmentFacts

_COLUMNS = {
    "camera_id": "uuid",
    "city_id": "uuid",
    "media_server_id": "int8",
    "indexed_at": "timestamptz",
    "file": "text",
    "start": "timestamptz",
    "end": "timestamptz",
    "size": "int8",
    "whole_bytes": "int8",
    "stream_id": "uuid",
    "number": "int8",
    "state": "text",
    "damage": "text",
    "is_recovered": "bool",
    "fragments": "bytea",
    "activity": "bytea",
    "holes": "bytea",
    "claims_until": "timestamptz",
}
_NAMES = ", ".join(f'"{name}"' for name in _COLUMNS)

# Postgres copies nothing into a table with row level security. So the rows come by one of the connection's own, which
# is in memory and no log, and empty whenever no transaction is at it.
_MAKE_ROOM = "CREATE TEMPORARY TABLE IF NOT EXISTS arriving_segment ({})".format(
    ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
)
_COPY = f"COPY arriving_segment ({_NAMES}) FROM STDIN (FORMAT binary)"
_EMPTY = "TRUNCATE arriving_segment"
_TAKE_IN = f"INSERT INTO recording_segment ({_NAMES}) SELECT {_NAMES} FROM arriving_segment"  # noqa: S608 -- the constants above

# For each camera, the first and the last of what is to come, by start and by file. A twin's start may be another one.
_MEETING = f"""
    SELECT EXISTS (
        SELECT FROM unnest(%s::uuid[], %s::timestamptz[], %s::timestamptz[], %s::text[], %s::text[])
            AS seen(camera_id, first_start, last_start, first_file, last_file)
        CROSS JOIN LATERAL (
            (SELECT FROM recording_segment AS known WHERE known.camera_id = seen.camera_id
               AND known.start BETWEEN seen.first_start - interval '{MOST_AHEAD.total_seconds()} seconds'
                 AND seen.last_start + interval '{MOST_AHEAD.total_seconds()} seconds' LIMIT 1)
            UNION ALL
            (SELECT FROM recording_segment AS known WHERE known.media_server_id = %s
               AND known.file BETWEEN seen.first_file AND seen.last_file LIMIT 1)) AS met)
"""  # noqa: S608 -- a constant


def is_new_ground(cursor: Any, server_id: int, facts: Sequence[SegmentFacts]) -> bool:
    """Say whether no row is near: none of these cameras' between the first and the last of what is to come.

    So none can be a twin, and none can be there already. Wants the writers' turn, which keeps it so.
    """
    by_camera = attrgetter("camera_id")
    spans = []
    for camera_id, group in groupby(sorted(facts, key=by_camera), key=by_camera):
        ours = list(group)
        starts, files = [each.start for each in ours], [each.file for each in ours]
        spans.append((camera_id, min(starts), max(starts), min(files), max(files)))
    cursor.execute(_MEETING, (*map(list, zip(*spans, strict=True)), server_id))
    return not cursor.fetchone()[0]


def copy_rows(cursor: Any, server_id: int, facts: Sequence[SegmentFacts], now: datetime) -> int:
    """Copy the rows in and give how many; of a camera that is gone there are none. The city is the camera's."""
    cameras = list({each.camera_id for each in facts})
    cursor.execute("SELECT id, city_id FROM cameras_camera WHERE id = ANY(%s)", (cameras,))
    cities = dict(cursor.fetchall())
    ours = [each for each in facts if each.camera_id in cities]
    cursor.execute(_MAKE_ROOM)
    with cursor.copy(_COPY) as copy:
        copy.set_types(list(_COLUMNS.values()))
        for each in ours:
            copy.write_row((each.camera_id, cities[each.camera_id], server_id, now, *each[1:]))
    cursor.execute(_TAKE_IN)
    cursor.execute(_EMPTY)
    return len(ours)
