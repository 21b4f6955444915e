"""What a timeline shows of cameras: spans, gaps, holds and activity; one query, for nine cameras as for one."""

import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from cities.postgres.prepared import ask
from cities.scope import scope_values, spell_ids
from footage.activity import measure_activity
from footage.errors import BrokenIndex
from footage.holes import Hole, unpack_holes
from footage.packing import unpack_fragments
from recording.gaps.spans import Span
from recording.writing import LONGEST_SEGMENT
from replay.activity import show_activity
from replay.codecs import find_codecs

JOINT = timedelta(seconds=2)
"""Spans that are no further apart are shown as one: between two files of a recording is never exactly nothing."""

_MICROSECOND, _MILLISECOND = timedelta(microseconds=1), timedelta(milliseconds=1)
_JOINT = JOINT // _MICROSECOND

# Postgres sends a moment as microseconds since 2000, 'infinity' as the greatest number of 64 bits.
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)
_BEGINNING_MS = (_BEGINNING - datetime(1970, 1, 1, tzinfo=UTC)) // _MILLISECOND
_NEVER = 2**63 - 1


def _gather(moments: str) -> str:
    return f"string_agg(timestamptz_send({moments}), '')"


# One row for each camera that is there, and in it a column of all its pieces where a row for each would be as much text
# again to write and to read: that took half as long again. To have Postgres join spans and write JSON takes three times
# as long. Moments are sent as they lie in Postgres, for to make a number of each costs more than all else about them.
# A gap or a hold is shown as far as it lies in the window; a gap that lasts on has no end.
_TIMELINES = f"""
    WITH session AS MATERIALIZED (
        SELECT camera_id, started_at, ended_at FROM recording_recordingsession
        WHERE camera_id = ANY(%(cameras)s) AND started_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
    ), footage AS (
        SELECT camera_id, {_gather("session")} AS sessions, {_gather("start")} AS starts, {_gather("begun")} AS begun,
               {_gather("ended")} AS ended, array_agg(is_open) AS are_open, array_agg(levels) AS levels,
               array_agg(holes) AS holes, (array_agg(file))[count(*)] AS file,
               (array_agg(held_file))[count(*)] AS held_file
        FROM (
            SELECT session.camera_id, session.started_at AS session, segment.start,
                   GREATEST(segment.start, session.started_at, %(from)s) AS begun,
                   LEAST(segment."end", session.ended_at, %(to)s) AS ended, segment.state = 'open' AS is_open,
                   CASE segment.state WHEN 'open' THEN segment.fragments ELSE segment.activity END AS levels,
                   segment.holes, segment.file, segment.held_file
            FROM session JOIN recording_segment AS segment
              ON segment.camera_id = session.camera_id AND segment.start >= %(since)s AND segment.start < %(to)s
             AND segment."end" > %(from)s AND segment.state IN ('open', 'ready')
             AND session.started_at < segment."end" AND COALESCE(session.ended_at, 'infinity') > segment.start
            ORDER BY camera_id, session, start
        ) AS piece GROUP BY camera_id
    ), missing AS (
        SELECT camera_id, {_gather("begun")} AS begun, {_gather("ended")} AS ended, array_agg(cause) AS causes
        FROM (
            SELECT camera_id, GREATEST(start, %(from)s) AS begun, cause,
                   CASE WHEN "end" IS NULL THEN 'infinity' ELSE LEAST("end", %(to)s) END AS ended
            FROM recording_gap
            WHERE camera_id = ANY(%(cameras)s) AND start < %(to)s AND ("end" IS NULL OR "end" > %(from)s)
            ORDER BY camera_id, begun
        ) AS gap GROUP BY camera_id
    ), held AS (
        SELECT camera_id, {_gather("begun")} AS begun, {_gather("ended")} AS ended
        FROM (
            SELECT camera_id, GREATEST(starts_at, %(from)s) AS begun, LEAST(ends_at, %(to)s) AS ended
            FROM recording_hold
            WHERE camera_id = ANY(%(cameras)s) AND released_at IS NULL AND (until IS NULL OR until > %(now)s)
              AND starts_at < %(to)s AND ends_at > %(from)s
            ORDER BY camera_id, begun
        ) AS hold GROUP BY camera_id
    )
    SELECT camera.id, missing.begun, missing.ended, missing.causes, held.begun, held.ended, footage.sessions,
           footage.starts, footage.begun, footage.ended, footage.are_open, footage.levels, footage.holes,
           server.recordings_root, footage.file, footage.held_file
    FROM cameras_camera AS camera JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    LEFT JOIN footage ON footage.camera_id = camera.id
    LEFT JOIN missing ON missing.camera_id = camera.id
    LEFT JOIN held ON held.camera_id = camera.id
    WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
"""  # noqa: S608 -- the constants above


Piece = tuple[int, int, int, int, bytes]
"""What a session lets be replayed of a segment: when that session and the segment began, from when to when it may be
replayed, in microseconds since whatever moment; and the segment's holes, packed.
"""


@dataclass
class CameraTimeline:
    """Of one camera; spans, gaps and holds in milliseconds since 1970, activity by buckets, codecs."""

    codecs: tuple[str, ...] = ()
    spans: list[list[int]] = field(default_factory=list)
    activity: bytes = b""
    gaps: list[tuple[int, int | None, str]] = field(default_factory=list)
    holds: list[tuple[int, int]] = field(default_factory=list)

    def spell(self) -> str:
        """Give the members of its JSON object."""
        shown = {"spans": self.spans, "gaps": self.gaps, "holds": self.holds, "activity": [*self.activity]}
        return msgspec.json.encode(shown | {"events": [], "codecs": self.codecs})[1:-1].decode()


def read_timelines(cameras: Sequence[UUID], window: Span, resolution: int, now: datetime) -> dict[UUID, CameraTimeline]:
    """Give the timelines of those of the cameras that are there for the cities in scope; activity by `resolution`."""
    values = {"cameras": spell_ids(cameras), "from": window.start, "to": window.end, "now": now}
    rows = ask(_TIMELINES, values | scope_values() | {"since": window.start - LONGEST_SEGMENT})
    return {camera_id: _show(_Told(*told), window, resolution) for camera_id, *told in rows}


class _Told(NamedTuple):
    """What Postgres tells of a camera, by column; None where there is nothing. Moments are as it sends them."""

    gaps_begun: bytes | None
    gaps_ended: bytes
    causes: list[str]
    holds_begun: bytes | None
    holds_ended: bytes
    sessions: bytes | None
    starts: bytes
    begun: bytes
    ended: bytes
    are_open: list[bool]
    levels: list[bytes]
    holes: list[bytes]
    root: str
    last_file: str
    last_held_file: str


def _show(told: _Told, window: Span, resolution: int) -> CameraTimeline:
    shown = CameraTimeline()
    if told.gaps_begun:
        ended = (None if each == _NEVER else _to_ms(each) for each in _read_moments(told.gaps_ended))
        shown.gaps = list(zip(map(_to_ms, _read_moments(told.gaps_begun)), ended, told.causes, strict=True))
    if told.holds_begun:
        edges = (map(_to_ms, _read_moments(each)) for each in (told.holds_begun, told.holds_ended))
        shown.holds = list(zip(*edges, strict=True))
    if told.sessions:
        _show_footage(shown, told, window, resolution)
    return shown


def _show_footage(shown: CameraTimeline, told: _Told, window: Span, resolution: int) -> None:
    moments = (told.sessions or b"", told.starts, told.begun, told.ended)
    sessions, starts, begun, ended = map(_read_moments, moments)
    spans = join_spans(zip(sessions, starts, begun, ended, told.holes, strict=True))
    shown.spans = [[_to_ms(edge) for edge in span] for span in spans]
    pairs = zip(told.are_open, told.levels, strict=True)
    levels = [_measure(levels) if is_open else levels for is_open, levels in pairs]
    begin, end = ((moment - _BEGINNING) // _MICROSECOND for moment in (window.start, window.end))
    shown.activity = show_activity(list(zip(starts, begun, ended, levels, strict=True)), begin, end, resolution)
    shown.codecs = find_codecs(told.root, told.last_file, told.last_held_file)


def _read_moments(sent: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(sent) // 8}q", sent)


def _to_ms(moment: int) -> int:
    return (moment + 500) // 1000 + _BEGINNING_MS


def join_spans(pieces: Iterable[Piece]) -> list[list[int]]:
    """Give [from, to] of what is no more than JOINT apart, for pieces in order, without their holes.

    Nothing is joined across the border of a session: there is none of the time in between to show.
    """
    spans: list[list[int]] = []
    before = None
    for session, start, begun, ended, holes in pieces:
        for first, last in _cut_at_holes(start, begun, ended, holes) if holes else ((begun, ended),):
            if session == before and first <= spans[-1][1] + _JOINT:
                spans[-1][1] = max(spans[-1][1], last)
            else:
                spans.append([first, last])
                before = session
    return spans


def _cut_at_holes(segment_start: int, begun: int, ended: int, holes: bytes) -> Iterator[tuple[int, int]]:
    for hole in _unpack_holes(holes):
        start, end = (segment_start + edge // _MICROSECOND for edge in hole)
        if begun < min(start, ended):
            yield begun, min(start, ended)
        begun = max(begun, end)
    if begun < ended:
        yield begun, ended


def _unpack_holes(holes: bytes) -> Sequence[Hole]:
    try:
        return unpack_holes(holes)
    except BrokenIndex:
        return ()


def _measure(fragments: bytes) -> bytes:
    """Give the levels of what grows, which are told by its fragments alone."""
    try:
        return measure_activity(unpack_fragments(fragments))
    except BrokenIndex:
        return b""
