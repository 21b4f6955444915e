"""Reads of the ledger: what is known of cameras' wishes, footage and outages, and which of them need a closer look."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Min, Q, QuerySet

from cameras.models import Camera, CameraOutage, OutageCause, ServerOutage, ServerOutageCause
from recording.gaps.decisions import CONTEXT, FIRST_PICTURE, Facts, GapFact, SegmentFact, horizon_of
from recording.gaps.holes import place_holes
from recording.gaps.spans import FOREVER, Span, subtract, unite
from recording.models import (
    Deletion,
    DeletionRule,
    Gap,
    GapCause,
    RecordingSession,
    RetentionPolicy,
    Segment,
)
from recording.states import SegmentState
from recording.writing import LONGEST_SEGMENT

_OF_CAMERA = {
    OutageCause.OFFLINE: GapCause.CAMERA_OFFLINE,
    OutageCause.REFUSED: GapCause.STREAM_REFUSED,
    OutageCause.INGEST: GapCause.INGEST_DOWN,
}
_OF_SERVER = {ServerOutageCause.DOWN: GapCause.SERVER_DOWN, ServerOutageCause.DISK_FULL: GapCause.DISK_FULL}

# Covered whole, and nothing in the ledger: such a camera needs no closer look, and most are so. The last segment before
# the window and those within it are read from the index alone; those with holes stand in an index of their own.
_DOUBTFUL = """
    WITH wished AS (
        SELECT camera_id, range_agg(tstzrange(GREATEST(started_at, %(from)s), LEAST(ended_at, %(to)s))) AS times
        FROM recording_recordingsession
        WHERE camera_id = ANY(%(cameras)s) AND started_at < %(to)s AND (ended_at IS NULL OR ended_at > %(from)s)
        GROUP BY camera_id
    ),
    footage AS (
        SELECT wished.camera_id, range_agg(tstzrange(segment.start, segment."end" + interval '1 second')) AS times
        FROM wished CROSS JOIN LATERAL (
            (SELECT start, "end" FROM recording_segment
             WHERE camera_id = wished.camera_id AND state IN ('open', 'ready')
               AND start < %(from)s AND start >= %(from)s - %(longest)s
             ORDER BY start DESC LIMIT 1)
            UNION ALL
            (SELECT start, "end" FROM recording_segment
             WHERE camera_id = wished.camera_id AND state IN ('open', 'ready')
               AND start >= %(from)s AND start < %(to)s)
        ) AS segment GROUP BY wished.camera_id
    )
    SELECT wished.camera_id FROM wished LEFT JOIN footage USING (camera_id)
    WHERE NOT wished.times <@ COALESCE(footage.times, '{}'::tstzmultirange)
    UNION
    SELECT camera_id FROM recording_segment
    WHERE camera_id = ANY(%(cameras)s) AND start >= %(from)s - %(longest)s AND start < %(to)s AND holes > ''
      AND "end" > %(from)s
    UNION
    SELECT camera_id FROM recording_gap
    WHERE camera_id = ANY(%(cameras)s) AND start <= %(to)s AND ("end" IS NULL OR "end" >= %(from)s)
"""


# Gaps lie apart from each other: the only one that began before a deletion and may reach into it is the last such. What
# a session's first picture may take is no gap, and would be found untold each time.
_UNTOLD = """
    SELECT deletion.camera_id, min(deletion.start)
    FROM recording_deletion AS deletion
    CROSS JOIN LATERAL (
        SELECT COALESCE(range_agg(tstzrange(started_at, ended_at)), '{}') AS times FROM recording_recordingsession
        WHERE camera_id = deletion.camera_id AND started_at < deletion."end"
          AND (ended_at IS NULL OR ended_at > deletion.start)
    ) AS wished
    CROSS JOIN LATERAL (
        SELECT COALESCE(range_agg(tstzrange(start, "end")), '{}') AS times FROM recording_gap
        WHERE camera_id = deletion.camera_id AND start <= deletion."end" AND start >= COALESCE((
            SELECT max(before.start) FROM recording_gap AS before
            WHERE before.camera_id = deletion.camera_id AND before.start <= deletion.start
        ), deletion.start)
    ) AS told
    WHERE deletion.last_at >= %(since)s AND deletion.start < %(to)s AND deletion."end" > %(from)s
      AND deletion.rule <> %(outside)s
      AND CASE WHEN deletion.spans IS NULL THEN deletion.last_at >= %(lately)s
          ELSE EXISTS (
              SELECT FROM unnest(
                  deletion.spans * wished.times * tstzmultirange(tstzrange(%(from)s, %(to)s)) - told.times
              ) AS untold
              WHERE upper(untold) - lower(untold) > %(patience)s
          ) END
    GROUP BY deletion.camera_id
"""


@dataclass
class StoredGap:
    """A row of the ledger."""

    pk: int
    fact: GapFact


@dataclass
class _Gathered:
    sessions: list[Span] = field(default_factory=list)
    segments: list[SegmentFact] = field(default_factory=list)
    causes: dict[GapCause, list[Span]] = field(default_factory=lambda: defaultdict(list))
    deleted: list[Span] = field(default_factory=list)


def list_cameras_with_wishes(window: Span) -> list[UUID]:
    """Give the cameras whose recording was wished at any time within the window, or that have a gap there."""
    wished = RecordingSession.objects.filter(_touches(window, "started_at", "ended_at")).values_list("camera_id")
    known = Gap.objects.filter(_touches(window, "start", "end")).values_list("camera_id")
    return sorted(camera_id for (camera_id,) in wished.order_by().union(known.order_by()))


def list_doubtful(cameras: Sequence[UUID], window: Span, now: datetime) -> list[UUID]:
    """Give those of the cameras that have, or should have, a gap within the window; now and then one that has none."""
    end = min(window.end, horizon_of(now))
    if window.start >= end:
        return []
    values: dict[str, Any] = {"cameras": list(cameras), "from": window.start, "to": end, "longest": LONGEST_SEGMENT}
    with connection.cursor() as cursor:
        cursor.execute(_DOUBTFUL, values)
        return [row[0] for row in cursor.fetchall()]


def read_facts(cameras: Sequence[UUID], window: Span, now: datetime) -> dict[UUID, Facts]:
    """Give everything that decides about gaps within the window, in eight reads at most however many cameras."""
    around = Span(window.start - CONTEXT, min(window.end, now) + CONTEXT)
    sessions = read_sessions(cameras, around)
    found: dict[UUID, _Gathered] = {camera_id: _Gathered(sessions[camera_id]) for camera_id in cameras}
    for camera_id, start, end, state, damage, stream_id, number, packed in _read_segments(cameras, around):
        told, holes = SegmentState.DAMAGED if damage else state, place_holes(start, packed)
        found[camera_id].segments.append(SegmentFact(start, end, told, stream_id, number, holes))
    for camera_id, start, end, cause in _read(CameraOutage, cameras, around, "began_at", "ended_at", "cause"):
        found[camera_id].causes[_OF_CAMERA[cause]].append(Span(start, end or FOREVER))
    for camera_id, cause, span in _read_server_outages(cameras, around):
        found[camera_id].causes[cause].append(span)
    # Damage explains as long as a file can last, up to what came next: that may be gone as well.
    _add_deletions(found, Span(around.start - LONGEST_SEGMENT, around.end))
    return {
        camera_id: Facts(each.sessions, each.segments, each.causes, each.deleted) for camera_id, each in found.items()
    }


def read_sessions(cameras: Sequence[UUID], window: Span) -> dict[UUID, list[Span]]:
    """Give the cameras' recording sessions that touch the window, open ones to FOREVER."""
    found: dict[UUID, list[Span]] = {camera_id: [] for camera_id in cameras}
    for camera_id, start, end in _read(RecordingSession, cameras, window, "started_at", "ended_at"):
        found[camera_id].append(Span(start, end or FOREVER))
    return found


def read_gaps(cameras: Iterable[UUID], window: Span) -> dict[UUID, list[StoredGap]]:
    """Give the rows of the ledger that touch the window, be it with an edge alone."""
    found: dict[UUID, list[StoredGap]] = defaultdict(list)
    rows = Gap.objects.filter(camera_id__in=list(cameras)).filter(_touches(window, "start", "end", closed=True))
    for pk, camera_id, start, end, cause in rows.order_by("start").values_list(
        "pk", "camera_id", "start", "end", "cause"
    ):
        found[camera_id].append(StoredGap(pk, GapFact(start, end or FOREVER, GapCause(cause))))
    return found


def find_earliest_wish(cameras: Sequence[UUID] | None = None) -> datetime | None:
    """Give the moment recording was first wished, of these cameras or of all in scope."""
    sessions = RecordingSession.objects.all() if cameras is None else _of(RecordingSession, cameras)
    earliest: datetime | None = sessions.aggregate(first=Min("started_at"))["first"]
    return earliest


def find_longest_promise() -> int:
    """Give the most days that any policy keeps footage, as promised or at most; 0 where there is no policy."""
    longest = RetentionPolicy.objects.aggregate(days=Max("days"), most=Max("max_days"))
    return max(longest["days"] or 0, longest["most"] or 0)


def find_untold_deletions(window: Span, now: datetime) -> dict[UUID, datetime]:
    """Give the cameras of which wished footage went that the ledger of the window does not miss yet; with the first
    moment that went.

    Only what went within LONGEST_STOP is looked at. Where its stretches were not written down it cannot be seen whether
    they are told: what went within the last two passes is taken for untold.
    """
    values: dict[str, Any] = {"from": window.start, "to": window.end, "outside": DeletionRule.OUTSIDE.value}
    values |= {"since": now - LONGEST_STOP, "lately": now - 2 * timedelta(hours=1), "patience": FIRST_PICTURE}
    with connection.cursor() as cursor:
        cursor.execute(_UNTOLD, values)
        return dict(cursor.fetchall())


def list_gaps(*, camera: Camera | None = None, window: Mapping[str, datetime] | None = None) -> QuerySet[Gap]:
    """Give the gaps in scope with their cameras, of one camera or of all, that touch the given `from` and `to`."""
    gaps = Gap.objects.select_related("camera")
    if camera is not None:
        gaps = gaps.filter(camera=camera)
    given = window or {}
    if "from" in given:
        gaps = gaps.filter(Q(end=None) | Q(end__gt=given["from"]))
    return gaps.filter(start__lt=given["to"]) if "to" in given else gaps


def _touches(window: Span, start: str, end: str, *, closed: bool = False) -> Q:
    """Give the condition for rows from `start` to `end`; `closed`: one that only meets the window's edge counts too."""
    equal = "e" if closed else ""
    return Q(**{f"{start}__lt{equal}": window.end}) & (
        Q(**{f"{end}__isnull": True}) | Q(**{f"{end}__gt{equal}": window.start})
    )


def _of(model: Any, cameras: Sequence[UUID]) -> QuerySet[Any]:
    rows: QuerySet[Any] = model.objects.filter(camera_id__in=list(cameras))
    return rows


def _read(model: Any, cameras: Sequence[UUID], around: Span, *names: str) -> Iterable[Any]:
    """Give the rows that touch the time; the first two names are their start and end."""
    return _of(model, cameras).filter(_touches(around, *names[:2])).order_by().values_list("camera_id", *names)


def _read_segments(cameras: Sequence[UUID], around: Span) -> Iterable[Any]:
    """Give what reaches into the time; where damage may explain it, also what may stand before and after the damage.

    Not what goes because no session wanted it, as `_add_deletions` has it.
    """
    # Twice: damage explains as long as a file can last, and what covers its beginning may have begun as long before.
    since = around.start - 2 * LONGEST_SEGMENT
    near = _of(Segment, cameras).filter(start__gte=since, start__lt=around.end)
    rows = near.exclude(state=SegmentState.DELETING, deletion_rule=DeletionRule.OUTSIDE)
    damaged = rows.exclude(damage="").order_by().values_list("camera_id", flat=True).distinct()
    reaching = Q(end__gte=around.start) | Q(camera_id__in=list(damaged))
    found = rows.filter(reaching).order_by("camera_id", "start")
    return found.values_list("camera_id", "start", "end", "state", "damage", "stream_id", "number", "holes").iterator(
        5000
    )


def _add_deletions(found: Mapping[UUID, _Gathered], around: Span) -> None:
    """Add what footage was deleted, and which damaged files; what no session wanted was missed by nobody."""
    rows = _of(Deletion, list(found)).exclude(rule=DeletionRule.OUTSIDE).filter(_touches(around, "start", "end"))
    unsure: dict[UUID, list[Span]] = defaultdict(list)
    for camera_id, start, end, spans, damaged in rows.order_by().values_list(
        "camera_id", "start", "end", "spans", "damaged"
    ):
        deleted = unsure[camera_id] if spans is None else found[camera_id].deleted
        deleted += [part for each in ([Span(start, end)] if spans is None else spans) if (part := each.clip(around))]
        found[camera_id].segments += [SegmentFact(each.start, each.end, SegmentState.DAMAGED) for each in damaged or ()]
    _add_unsure_deletions(found, unsure, around)


def _add_unsure_deletions(found: Mapping[UUID, _Gathered], unsure: Mapping[UUID, list[Span]], around: Span) -> None:
    """Add what may have been deleted, where only the first and the last moment of it were written down.

    Of the time between them, whatever is known to have been missing before was not there to be deleted.
    """
    stored = read_gaps(unsure, around) if unsure else {}
    for camera_id, spans in unsure.items():
        known, each = [row.fact for row in stored.get(camera_id, [])], found[camera_id]
        outages = [outage for outages in each.causes.values() for outage in outages]
        missing = unite([*outages, *(Span(gap.start, gap.end) for gap in known if gap.cause != GapCause.DELETED)])
        each.deleted += [part for span in spans for part in subtract(span, missing)]
        # Its file is gone, and the row that would have told of it was not kept.
        each.causes[GapCause.DAMAGED] += [Span(gap.start, gap.end) for gap in known if _is_old_damage(gap, spans)]


def _is_old_damage(gap: GapFact, deleted: Sequence[Span]) -> bool:
    return gap.cause == GapCause.DAMAGED and any(gap.start <= each.end and gap.end >= each.start for each in deleted)


def _read_server_outages(cameras: Sequence[UUID], around: Span) -> Iterable[tuple[UUID, GapCause, Span]]:
    server_of = dict(Camera.objects.filter(pk__in=list(cameras)).order_by().values_list("pk", "media_server_id"))
    outages = ServerOutage.objects.filter(_touches(around, "began_at", "ended_at"))
    of_server: dict[int, list[tuple[GapCause, Span]]] = defaultdict(list)
    for outage in outages.filter(media_server_id__in=set(server_of.values())):
        cause = _OF_SERVER[ServerOutageCause(outage.cause)]
        of_server[outage.media_server_id].append((cause, Span(outage.began_at, outage.ended_at or FOREVER)))
    return ((camera_id, *each) for camera_id, server in server_of.items() for each in of_server[server])


EVERYTHING = timedelta(days=399)
"""How far back causes can be told: outages are kept one day longer."""

LONGEST_STOP = timedelta(days=62)
"""So long nothing of ours may have run since footage went, and the ledger learns of it all the same."""
