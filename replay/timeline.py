"""What a timeline shows of cameras: spans, gaps, holds and activity; Postgres writes the JSON, one query for all."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from cities.postgres.prepared import ask
from cities.scope import scope_values
from recording.gaps.spans import Span
from recording.writing import LONGEST_SEGMENT
from replay.activity import show_activity, spell_activity
from replay.codecs import find_codecs

JOINT = timedelta(seconds=2)
"""Spans that are no further apart are shown as one: between two files of a recording is never exactly nothing."""

_MS = "(extract(epoch FROM {}) * 1000)::bigint"


def _ms(expression: str) -> str:
    return _MS.format(expression)


# A gap or a hold is shown as far as it lies in the window; a gap that lasts on has no end. Spans do not join across the
# border of a session: there is none of the time in between to show. What is known of activity comes in one piece, see
# `replay.activity`; that of a file that grows is in its fragments alone.
_TIMELINE = f"""
    SELECT camera.id, footage.spans, footage.activity,
        (SELECT COALESCE(json_agg(json_build_array(
                {_ms("GREATEST(start, %(from)s)")},
                CASE WHEN "end" IS NOT NULL THEN {_ms('LEAST("end", %(to)s)')} END, cause) ORDER BY start), '[]')::text
         FROM recording_gap
         WHERE camera_id = camera.id AND start < %(to)s AND ("end" IS NULL OR "end" > %(from)s)),
        (SELECT COALESCE(json_agg(json_build_array(
                {_ms("GREATEST(starts_at, %(from)s)")},
                {_ms("LEAST(ends_at, %(to)s)")}) ORDER BY starts_at), '[]')::text
         FROM recording_hold
         WHERE camera_id = camera.id AND released_at IS NULL AND (until IS NULL OR until > %(now)s)
           AND starts_at < %(to)s AND ends_at > %(from)s),
        server.recordings_root, last.file, last.held_file
    FROM cameras_camera AS camera
    JOIN cameras_mediaserver AS server ON server.id = camera.media_server_id
    CROSS JOIN LATERAL (
        SELECT COALESCE(json_agg(json_build_array({_ms("first")}, {_ms("last")}) ORDER BY first), '[]')::text AS spans,
               string_agg(activity, '') AS activity
        FROM (
            SELECT MIN(begun) AS first, MAX(ended) AS last, string_agg(
                int8send({_ms("start")}) || int8send({_ms("begun")}) || int8send({_ms("ended")}) ||
                int4send((state = 'open')::int) || int4send(length(content)) || content, '') AS activity
            FROM (
                SELECT *, SUM((reached IS NULL OR begun > reached + %(joint)s)::int)
                          OVER (ORDER BY session_id, begun) AS piece
                FROM (
                    SELECT session.id AS session_id, segment.start, segment.state,
                           CASE segment.state WHEN 'open' THEN segment.fragments ELSE segment.activity END AS content,
                           GREATEST(segment.start, session.started_at, %(from)s) AS begun,
                           LEAST(segment."end", session.ended_at, %(to)s) AS ended,
                           MAX(LEAST(segment."end", session.ended_at, %(to)s)) OVER (
                               PARTITION BY session.id ORDER BY segment.start
                               ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS reached
                    FROM recording_recordingsession AS session
                    JOIN recording_segment AS segment
                      ON segment.camera_id = camera.id AND segment.start >= %(since)s AND segment.start < %(to)s
                     AND segment."end" > %(from)s AND segment.state IN ('open', 'ready')
                     AND session.started_at < segment."end" AND COALESCE(session.ended_at, 'infinity') > segment.start
                    WHERE session.camera_id = camera.id AND session.started_at < %(to)s
                      AND (session.ended_at IS NULL OR session.ended_at > %(from)s)
                ) AS cut
            ) AS counted GROUP BY piece
        ) AS joined
    ) AS footage
    LEFT JOIN LATERAL (
        SELECT file, held_file FROM recording_segment
        WHERE camera_id = camera.id AND start >= %(since)s AND start < %(to)s AND "end" > %(from)s
          AND state IN ('open', 'ready') ORDER BY start DESC LIMIT 1
    ) AS last ON TRUE
    WHERE camera.id = ANY(%(cameras)s) AND camera.removed_at IS NULL AND (%(every)s OR camera.city_id = ANY(%(cities)s))
"""  # noqa: S608 -- the constants above


@dataclass(frozen=True)
class CameraTimeline:
    """Of one camera, as JSON: spans, gaps and holds in milliseconds since 1970, activity, codecs."""

    spans: str
    gaps: str
    holds: str
    activity: str
    codecs: str

    def spell(self) -> str:
        """Give the members of its JSON object."""
        lists = f'"spans":{self.spans},"gaps":{self.gaps},"holds":{self.holds}'
        return f'{lists},"activity":{self.activity},"events":[],"codecs":{self.codecs}'


def read_timelines(cameras: Sequence[UUID], window: Span, resolution: int, now: datetime) -> dict[UUID, CameraTimeline]:
    """Give the timelines of those of the cameras that are there for the cities in scope; activity by `resolution`."""
    values = {
        "cameras": list(cameras),
        "from": window.start,
        "to": window.end,
        "since": window.start - LONGEST_SEGMENT,
        "now": now,
        "joint": JOINT,
    }
    rows = ask(_TIMELINE, values | scope_values())
    return {camera_id: _describe(row, window, resolution) for camera_id, *row in rows}


def _describe(row: Sequence[Any], window: Span, resolution: int) -> CameraTimeline:
    spans, activity, gaps, holds, root, file, held_file = row
    levels = show_activity(activity or b"", window, resolution)
    codecs = find_codecs(root, file, held_file) if file else ()
    return CameraTimeline(spans, gaps, holds, spell_activity(levels), json.dumps(codecs))
