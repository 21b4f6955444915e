"""What a timeline shows of cameras: spans, gaps, holds and activity; one query, for nine cameras as for one."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from cities.postgres.prepared import ask
from cities.scope import scope_values
from footage.activity import measure_activity
from footage.errors import BrokenIndex
from footage.holes import Hole, unpack_holes
from footage.packing import unpack_fragments
from recording.gaps.spans import Span
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT
from replay.activity import show_activity
from replay.codecs import find_codecs

JOINT = timedelta(seconds=2)
"""Spans that are no further apart are shown as one: between two files of a recording is never exactly nothing."""

_MILLISECOND = timedelta(milliseconds=1)
_JOINT_MS = JOINT // _MILLISECOND
_IS_NOTE, _PLACE, _START = itemgetter(0), itemgetter(1), attrgetter("start")


def _ms(expression: str) -> str:
    return f"(date_part('epoch', {expression}) * 1000)::bigint"


def _place(camera_id: str) -> str:
    return f"array_position(%(cameras)s, {camera_id})"


# One question, and plain rows: to have Postgres join spans and write JSON takes it three times as long. First what may
# be replayed, then what is to be told of it. A camera that is there has a row, with nothing in it where there is no
# footage; it is told by its place among those asked for, a number, which costs less to read and compare than its id.
# A gap or a hold is shown as far as it lies in the window; a gap that lasts on has no end, a hold no cause.
_TIMELINES = f"""
    WITH session AS MATERIALIZED (
        SELECT camera_id, started_at, ended_at FROM recording_recordingsession
        WHERE camera_id = ANY(%(cameras)s) AND started_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
    ), camera AS MATERIALIZED (
        SELECT camera.id, server.recordings_root
        FROM cameras_camera AS camera JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
        WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL
          AND (%(every)s OR camera.city_id = ANY(%(cities)s))
    )
    SELECT false AS is_note, {_place("camera.id")} AS place,
           {_ms("session.started_at")} AS session, {_ms("segment.start")} AS begin,
           {_ms("GREATEST(segment.start, session.started_at, %(from)s)")},
           {_ms('LEAST(segment."end", session.ended_at, %(to)s)')},
           segment.state, CASE segment.state WHEN 'open' THEN segment.fragments ELSE segment.activity END,
           segment.file, segment.held_file, camera.recordings_root, segment.holes
    FROM camera
    LEFT JOIN (session JOIN recording_segment AS segment
      ON segment.camera_id = session.camera_id AND segment.start >= %(since)s AND segment.start < %(to)s
     AND segment."end" > %(from)s AND segment.state IN ('open', 'ready')
     AND session.started_at < segment."end" AND COALESCE(session.ended_at, 'infinity') > segment.start)
      ON session.camera_id = camera.id
    UNION ALL
    SELECT true, {_place("camera_id")}, NULL, {_ms("GREATEST(start, %(from)s)")}, NULL,
           CASE WHEN "end" IS NOT NULL THEN {_ms('LEAST("end", %(to)s)')} END, cause, NULL, NULL, NULL, NULL, NULL
    FROM recording_gap
    WHERE camera_id = ANY(%(cameras)s) AND start < %(to)s AND ("end" IS NULL OR "end" > %(from)s)
    UNION ALL
    SELECT true, {_place("camera_id")}, NULL, {_ms("GREATEST(starts_at, %(from)s)")}, NULL,
           {_ms("LEAST(ends_at, %(to)s)")}, NULL, NULL, NULL, NULL, NULL, NULL
    FROM recording_hold
    WHERE camera_id = ANY(%(cameras)s) AND released_at IS NULL AND (until IS NULL OR until > %(now)s)
      AND starts_at < %(to)s AND ends_at > %(from)s
    ORDER BY is_note, place, session, begin
"""  # noqa: S608 -- the constants above


class Piece(NamedTuple):
    """What a session lets be replayed of a segment, from `begun` to `ended`; milliseconds since 1970.

    `levels` are its fragments, packed, while it is open: its activity was not measured yet. `holes`, packed, count from
    its `start`.
    """

    session: int
    start: int
    begun: int
    ended: int
    state: str
    levels: bytes
    file: str
    held_file: str
    root: str
    holes: bytes = b""


@dataclass
class CameraTimeline:
    """Of one camera; spans, gaps and holds in milliseconds since 1970, activity by buckets, codecs."""

    codecs: tuple[str, ...] = ()
    spans: list[list[int]] = field(default_factory=list)
    activity: bytes = b""
    gaps: list[list[Any]] = field(default_factory=list)
    holds: list[list[Any]] = field(default_factory=list)

    def note(self, cause: str | None, begun: int, ended: int | None) -> None:
        """Add a gap, or a hold, which has no cause."""
        if cause is None:
            self.holds.append([begun, ended])
        else:
            self.gaps.append([begun, ended, cause])

    def spell(self) -> str:
        """Give the members of its JSON object."""
        shown = {"spans": self.spans, "gaps": self.gaps, "holds": self.holds, "activity": [*self.activity]}
        return msgspec.json.encode(shown | {"events": [], "codecs": self.codecs})[1:-1].decode()


def read_timelines(cameras: Sequence[UUID], window: Span, resolution: int, now: datetime) -> dict[UUID, CameraTimeline]:
    """Give the timelines of those of the cameras that are there for the cities in scope; activity by `resolution`."""
    values = {"cameras": list(cameras), "from": window.start, "to": window.end, "now": now}
    rows = ask(_TIMELINES, values | scope_values() | {"since": window.start - LONGEST_SEGMENT})
    first_note = bisect_left(rows, 1, key=_IS_NOTE)
    found = {
        place: _show_footage([Piece._make(row[2:]) for row in ours if row[2] is not None], window, resolution)
        for place, ours in groupby(rows[:first_note], key=_PLACE)
    }
    for _, place, _, begun, _, ended, cause, *_ in rows[first_note:]:
        if shown := found.get(place):
            shown.note(cause, begun, ended)
    return {cameras[place - 1]: shown for place, shown in found.items()}


def _show_footage(pieces: Sequence[Piece], window: Span, resolution: int) -> CameraTimeline:
    if not pieces:
        return CameraTimeline()
    last = max(pieces, key=_START)
    codecs = find_codecs(last.root, last.file, last.held_file)
    known = [each if each.state != SegmentState.OPEN else _measure(each) for each in pieces]
    return CameraTimeline(codecs, join_spans(pieces), show_activity(known, window, resolution))


def join_spans(pieces: Iterable[Piece]) -> list[list[int]]:
    """Give [from, to] of what is no more than JOINT apart, for pieces in order, without their holes.

    Nothing is joined across the border of a session: there is none of the time in between to show.
    """
    spans: list[list[int]] = []
    session = None
    for piece in pieces:
        for begun, ended in _cut_at_holes(piece) if piece.holes else ((piece.begun, piece.ended),):
            if spans and piece.session == session and begun <= spans[-1][1] + _JOINT_MS:
                spans[-1][1] = max(spans[-1][1], ended)
            else:
                spans.append([begun, ended])
            session = piece.session
    return spans


def _cut_at_holes(piece: Piece) -> Iterator[tuple[int, int]]:
    begun = piece.begun
    for hole in _unpack_holes(piece):
        start, end = (piece.start + round(edge / _MILLISECOND) for edge in hole)
        if begun < min(start, piece.ended):
            yield begun, min(start, piece.ended)
        begun = max(begun, end)
    if begun < piece.ended:
        yield begun, piece.ended


def _unpack_holes(piece: Piece) -> Sequence[Hole]:
    try:
        return unpack_holes(piece.holes)
    except BrokenIndex:
        return ()


def _measure(piece: Piece) -> Piece:
    """Give what grows with its levels, which are told by its fragments alone."""
    try:
        return piece._replace(levels=measure_activity(unpack_fragments(piece.levels)))
    except BrokenIndex:
        return piece._replace(levels=b"")
