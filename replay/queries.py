"""What playing footage asks: the segments of a range, and the one that a token names; straight SQL where hot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import xor
from typing import Any, NamedTuple
from uuid import UUID

from cameras.models import Camera
from cameras.queries import cameras_in_scope
from cities.postgres.prepared import ask
from cities.scope import check_in_scope, is_in_sight, scope_values
from recording.gaps.holes import place_holes
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT
from replay.codecs import find_codecs

MOST_SEGMENTS = 5_000
"""Of one playlist: 25 hours in files of 18 seconds."""

_PIECES = """
    WITH session AS MATERIALIZED (
        SELECT session.started_at, COALESCE(session.ended_at, 'infinity') AS ended_at
        FROM cameras_camera AS camera JOIN recording_recordingsession AS session ON session.camera_id = camera.id
        WHERE camera.id = %(camera)s AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
          AND session.started_at < %(to)s AND (session.ended_at IS NULL OR session.ended_at > %(from)s)
    ), piece AS (
        SELECT segment.id, segment.city_id, segment.start AS segment_start, segment.state, segment.whole_bytes,
               segment.media_server_id, segment.file, segment.held_file,
               GREATEST(segment.start, session.started_at) AS start, LEAST(segment."end", session.ended_at) AS "end",
               segment.fragments
        FROM recording_segment AS segment
        JOIN session ON session.started_at < segment."end" AND session.ended_at > segment.start
        WHERE segment.camera_id = %(camera)s AND segment.start >= %(since)s AND segment.start < %(to)s
          AND segment."end" > %(from)s AND segment.state IN ('open', 'ready')
        ORDER BY segment.start, session.started_at LIMIT %(most)s
    )
"""

# What of a piece makes it another: its fragments need not be read, for they change with the bytes that are whole.
_MARK = 'hash_record_extended(ROW(piece.id, segment_start, state, whole_bytes, start, "end"), 0)'

_PLAYABLE = f"""{_PIECES}
    SELECT piece.id, city_id, segment_start, state, whole_bytes, file, held_file, server.recordings_root, fragments,
           start, "end", {_MARK}
    FROM piece JOIN cameras_mediaserver AS server ON server.id = piece.media_server_id ORDER BY segment_start, start
"""  # noqa: S608 -- the constants above

_MARKS = f"{_PIECES} SELECT COUNT(*), COALESCE(BIT_XOR({_MARK}), 0) FROM piece"  # noqa: S608 -- the constants above

_NEXT = """
    SELECT GREATEST(segment.start, session.started_at, %(from)s), segment.start, segment.holes
    FROM recording_recordingsession AS session CROSS JOIN LATERAL (
        SELECT start, holes FROM recording_segment
        WHERE camera_id = session.camera_id AND state IN ('open', 'ready')
          AND start >= GREATEST(session.started_at, %(from)s) - %(longest)s
          AND "end" > GREATEST(session.started_at, %(from)s) AND start < COALESCE(session.ended_at, 'infinity')
        ORDER BY start LIMIT 1) AS segment
    WHERE session.camera_id = %(camera)s AND (session.ended_at IS NULL OR session.ended_at > %(from)s)
    ORDER BY 1 LIMIT 1
"""

_RECORDINGS = """
    SELECT segment.start, MIN(GREATEST(segment.start, session.started_at)), MAX(LEAST(segment."end", session.ended_at)),
           segment.state, segment.size, segment.file, segment.held_file, server.recordings_root
    FROM recording_segment AS segment
    JOIN cameras_mediaserver AS server ON server.id = segment.media_server_id
    JOIN recording_recordingsession AS session
      ON session.camera_id = segment.camera_id AND session.started_at <= segment."end"
     AND COALESCE(session.ended_at, 'infinity') > segment.start
    WHERE segment.camera_id = %(camera)s AND segment.start >= %(since)s AND segment.start < %(to)s
      AND segment."end" >= %(from)s AND segment.state IN ('open', 'ready', 'damaged')
      AND (%(after)s::timestamptz IS NULL OR segment.start > %(after)s)
    GROUP BY segment.id, server.id ORDER BY segment.start LIMIT %(most)s
"""

# The right is asked anew with each request, and together with what it is a right to.
_MEDIA = """
    SELECT segment.id, segment.camera_id, segment.file, segment.held_file, segment.whole_bytes, segment.state,
           server.recordings_root,
           EXISTS (SELECT FROM cities_membership AS member JOIN cities_user AS person ON person.id = member.user_id
                   WHERE member.user_id = %(user)s AND member.city_id = segment.city_id AND person.is_active
                     AND (member.narrowed_to IS NULL OR segment.camera_id = ANY (member.narrowed_to)))
    FROM recording_segment AS segment
    JOIN cameras_camera AS camera ON camera.id = segment.camera_id AND camera.removed_at IS NULL
    JOIN cameras_mediaserver AS server ON server.id = segment.media_server_id
    WHERE segment.id = %(segment)s AND segment.city_id = %(city)s AND segment.state IN ('open', 'ready')
"""


Sum = tuple[int, int]
"""What there is to play, in two numbers that are others when it is another."""


class Playable(NamedTuple):
    """A segment, and from when to when of it a session lets it be replayed.

    `mark` is another number, of 64 bits, whenever any of it is another.
    """

    segment_id: int
    city_id: UUID
    segment_start: datetime
    state: str
    whole_bytes: int
    file: str
    held_file: str
    root: str
    fragments: bytes
    start: datetime
    end: datetime
    mark: int

    @property
    def grows(self) -> bool:
        """Whether its file may hold more in a moment."""
        return self.state == SegmentState.OPEN


@dataclass(frozen=True, slots=True)
class MediaFile:
    """Where a segment's bytes lie; `is_member`: the person asked for may see it as a member of its city."""

    segment_id: int
    camera_id: UUID
    file: str
    held_file: str
    whole_bytes: int
    state: str
    root: str
    is_member: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """A segment as callers list it: `start` and `end` are cut to sessions."""

    segment_start: datetime
    start: datetime
    end: datetime
    state: str
    bytes: int
    file: str
    held_file: str
    root: str

    @property
    def codecs(self) -> tuple[str, ...]:
        """Those that its file names, where it is there."""
        return find_codecs(self.root, self.file, self.held_file)


def list_playable(camera_id: UUID, start: datetime, end: datetime) -> list[Playable]:
    """Give the segments that may be replayed from `start` to `end`, in order, with their fragments; one query.

    One more than MOST_SEGMENTS where there are too many; none of a camera that is not there for the cities in scope.
    """
    found = list(map(Playable._make, _ask_playable(_PLAYABLE, camera_id, start, end)))
    return found if found and is_in_sight(found[0].city_id, camera_id) else []


def sum_up(playables: Iterable[Playable]) -> Sum:
    """Give how many there are, and all their marks in one: the same for the same, in whatever order."""
    marks = [each.mark for each in playables]
    return len(marks), reduce(xor, marks, 0)


def sum_up_playable(camera_id: UUID, start: datetime, end: datetime) -> Sum:
    """Give the same of what `list_playable` would give now, for less: no fragments are read."""
    ((count, mark),) = _ask_playable(_MARKS, camera_id, start, end)
    return count, mark


def _ask_playable(statement: str, camera_id: UUID, start: datetime, end: datetime) -> list[Any]:
    values = {"camera": camera_id, "from": start, "to": end, "since": start - LONGEST_SEGMENT}
    return ask(statement, scope_values() | values | {"most": MOST_SEGMENTS + 1})


def find_next_footage(camera: Camera, moment: datetime) -> datetime | None:
    """Give where the camera's footage goes on at or after the moment, None where it does not."""
    check_in_scope(camera.city_id)
    for found, start, holes in ask(_NEXT, {"camera": camera.pk, "from": moment, "longest": LONGEST_SEGMENT}):
        hole = next((each for each in place_holes(start, holes) if each.start <= found < each.end), None)
        return find_next_footage(camera, hole.end) if hole else found
    return None


def find_media(segment_id: int, city_id: UUID, user_id: int) -> MediaFile | None:
    """Give a segment's file, with the person's right to it; None where there is nothing to replay. Wants the scope."""
    check_in_scope(city_id)
    rows = ask(_MEDIA, {"segment": segment_id, "city": city_id, "user": user_id})
    return MediaFile(*rows[0]) if rows else None


def list_recordings(
    camera: Camera, start: datetime, end: datetime, *, after: datetime | None, most: int
) -> list[Recording]:
    """Give the segments that touch the time within sessions, damaged ones too, oldest first; those `after` a start."""
    check_in_scope(camera.city_id)
    values = {"camera": camera.pk, "from": start, "to": end, "after": after, "most": most}
    return [Recording(*row) for row in ask(_RECORDINGS, values | {"since": start - LONGEST_SEGMENT})]


def list_existing(cameras: Sequence[UUID]) -> set[UUID]:
    """Give those of the cameras that are there for the cities in scope."""
    return set(cameras_in_scope().filter(pk__in=cameras).order_by().values_list("pk", flat=True))
