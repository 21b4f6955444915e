"""What a timeline shows of cameras: spans, gaps, holds and activity; as many queries for nine cameras as for one."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from cities.postgres.prepared import ask
from cities.scope import scope_values
from footage.activity import measure_activity
from footage.errors import BrokenIndex
from footage.packing import unpack_fragments
from recording.gaps.spans import Span
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT
from replay.activity import Levels, show_activity, spell_activity
from replay.codecs import find_codecs

JOINT = timedelta(seconds=2)
"""Spans that are no further apart are shown as one: between two files of a recording is never exactly nothing."""

_JOINT_MS = round(JOINT.total_seconds() * 1000)

# Four plain questions: to have Postgres join spans and write JSON in one takes it three times as long.
_CAMERAS = """
    SELECT camera.id, server.recordings_root, last.file, last.held_file
    FROM cameras_camera AS camera
    JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    LEFT JOIN LATERAL (
        SELECT file, held_file FROM recording_segment
        WHERE camera_id = camera.id AND start >= %(since)s AND start < %(to)s AND "end" > %(from)s
          AND state IN ('open', 'ready') ORDER BY start DESC LIMIT 1
    ) AS last ON TRUE
    WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
"""


def _ms(expression: str) -> str:
    return f"(date_part('epoch', {expression}) * 1000)::bigint"


_FOOTAGE = f"""
    WITH session AS MATERIALIZED (
        SELECT camera_id, started_at, ended_at FROM recording_recordingsession
        WHERE camera_id = ANY(%(cameras)s) AND started_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
    )
    SELECT session.camera_id, {_ms("session.started_at")}, {_ms("segment.start")},
           {_ms("GREATEST(segment.start, session.started_at, %(from)s)")},
           {_ms('LEAST(segment."end", session.ended_at, %(to)s)')},
           segment.state, CASE segment.state WHEN 'open' THEN segment.fragments ELSE segment.activity END
    FROM session
    JOIN recording_segment AS segment
      ON segment.camera_id = session.camera_id AND segment.start >= %(since)s AND segment.start < %(to)s
     AND segment."end" > %(from)s AND segment.state IN ('open', 'ready')
     AND session.started_at < segment."end" AND COALESCE(session.ended_at, 'infinity') > segment.start
    ORDER BY session.started_at, segment.start
"""  # noqa: S608 -- the constants above

# A gap or a hold is shown as far as it lies in the window; a gap that lasts on has no end.
_GAPS = f"""
    SELECT camera_id, {_ms("GREATEST(start, %(from)s)")},
           CASE WHEN "end" IS NOT NULL THEN {_ms('LEAST("end", %(to)s)')} END, cause
    FROM recording_gap
    WHERE camera_id = ANY(%(cameras)s) AND start < %(to)s AND ("end" IS NULL OR "end" > %(from)s) ORDER BY start
"""  # noqa: S608 -- as above
_HOLDS = f"""
    SELECT camera_id, {_ms("GREATEST(starts_at, %(from)s)")}, {_ms("LEAST(ends_at, %(to)s)")}
    FROM recording_hold
    WHERE camera_id = ANY(%(cameras)s) AND released_at IS NULL AND (until IS NULL OR until > %(now)s)
      AND starts_at < %(to)s AND ends_at > %(from)s ORDER BY starts_at
"""  # noqa: S608 -- as above


class Piece(NamedTuple):
    """What a session lets be replayed of a segment, from `begun` to `ended`; milliseconds since 1970."""

    session: int
    start: int
    begun: int
    ended: int
    state: str
    content: bytes


@dataclass
class CameraTimeline:
    """Of one camera; spans, gaps and holds in milliseconds since 1970, activity by buckets, codecs."""

    codecs: tuple[str, ...] = ()
    spans: list[list[int]] = field(default_factory=list)
    gaps: list[list[Any]] = field(default_factory=list)
    holds: list[list[int]] = field(default_factory=list)
    activity: bytes = b""

    def spell(self) -> str:
        """Give the members of its JSON object."""
        spans, gaps, holds = map(_spell, (self.spans, self.gaps, self.holds))
        activity, codecs = spell_activity(self.activity), json.dumps(self.codecs)
        return f'"spans":{spans},"gaps":{gaps},"holds":{holds},"activity":{activity},"events":[],"codecs":{codecs}'


def read_timelines(cameras: Sequence[UUID], window: Span, resolution: int, now: datetime) -> dict[UUID, CameraTimeline]:
    """Give the timelines of those of the cameras that are there for the cities in scope; activity by `resolution`."""
    time = {"from": window.start, "to": window.end, "since": window.start - LONGEST_SEGMENT}
    there = ask(_CAMERAS, time | scope_values() | {"cameras": list(cameras)})
    found = {camera_id: CameraTimeline(_find_codecs(*file)) for camera_id, *file in there}
    values = time | {"cameras": list(found), "now": now}
    pieces = defaultdict[UUID, list[Piece]](list)
    for camera_id, *piece in ask(_FOOTAGE, values):
        pieces[camera_id].append(Piece._make(piece))
    for camera_id, ours in pieces.items():
        found[camera_id].spans = join_spans(ours)
        found[camera_id].activity = show_activity(list(map(_find_levels, ours)), window, resolution)
    for camera_id, *gap in ask(_GAPS, values):
        found[camera_id].gaps.append(gap)
    for camera_id, *hold in ask(_HOLDS, values):
        found[camera_id].holds.append(hold)
    return found


def join_spans(pieces: Iterable[Piece]) -> list[list[int]]:
    """Give [from, to] of what is no more than JOINT apart, for pieces in order.

    Nothing is joined across the border of a session: there is none of the time in between to show.
    """
    spans: list[list[int]] = []
    session = None
    for piece in pieces:
        if spans and piece.session == session and piece.begun <= spans[-1][1] + _JOINT_MS:
            spans[-1][1] = max(spans[-1][1], piece.ended)
        else:
            spans.append([piece.begun, piece.ended])
        session = piece.session
    return spans


def _find_levels(piece: Piece) -> Levels:
    """What is known of activity; that of a file that grows is in its fragments alone."""
    content = _measure(piece.content) if piece.state == SegmentState.OPEN else piece.content
    return Levels(piece.start, piece.begun, piece.ended, content)


def _measure(packed: bytes) -> bytes:
    try:
        return measure_activity(unpack_fragments(packed))
    except BrokenIndex:
        return b""


def _find_codecs(root: str, file: str | None, held_file: str | None) -> tuple[str, ...]:
    return find_codecs(root, file, held_file or "") if file else ()


def _spell(members: list[list[Any]]) -> str:
    return json.dumps(members, separators=(",", ":"))
