"""What the ring reads: promises in force, and the segments that each rule is about, oldest first."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q, QuerySet, Sum

from cameras.models import Camera
from recording.holds.queries import is_held
from recording.models import RetentionPolicy, Segment
from recording.retention.decisions import DEFAULT_POLICY, Candidate, Footprint, Policy, choose_policy, take_oldest
from recording.states import SegmentState

CLOSED = (SegmentState.READY, SegmentState.DAMAGED)

FEW_AT_ONCE, MOST_AT_ONCE = 1_000, 50_000
"""More than is too much from one minute to the next, and more than a pass can take away in its time."""

# What lies wholly between the sessions of its camera, which may overlap: after the end of all that began before, before
# the next one. One search in the index for each such stretch, whatever the planner thinks: it takes a stretch for a
# ninth of a camera's rows, and would read all rows there are, each minute, to find none. The bounds are computed above
# the search: what is computed in its condition, row level security keeps out of the index.
_OUTSIDE = """
    WITH known AS (
        SELECT camera.id, (SELECT min(start) FROM recording_segment WHERE camera_id = camera.id) AS oldest
        FROM cameras_camera AS camera
    ), near AS (
        SELECT session.camera_id, session.started_at, coalesce(session.ended_at, 'infinity') AS ended_at
        FROM known JOIN recording_recordingsession AS session ON session.camera_id = known.id
        WHERE session.ended_at IS NULL OR session.ended_at >= known.oldest
    ), stretch AS (
        SELECT camera_id, started_at AS before, coalesce(max(ended_at) OVER (
            PARTITION BY camera_id ORDER BY started_at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ), '-infinity') AS after
        FROM near
        UNION ALL
        SELECT known.id, 'infinity', coalesce(max(near.ended_at), '-infinity')
        FROM known LEFT JOIN near ON near.camera_id = known.id
        WHERE known.oldest IS NOT NULL
        GROUP BY known.id
    )
    SELECT found.id
    FROM stretch CROSS JOIN LATERAL (
        SELECT segment.id FROM recording_segment AS segment
        WHERE segment.camera_id = stretch.camera_id
          AND segment.start > stretch.after AND segment.start < stretch.before AND segment."end" < stretch.before
          AND segment.media_server_id = %(server)s AND segment.state IN ('ready', 'damaged')
        OFFSET 0
    ) AS found
"""


def policy_of(row: RetentionPolicy) -> Policy:
    """Give what a row promises."""
    return Policy(row.days, row.max_days, row.quota_bytes)


def city_policies() -> dict[UUID, Policy]:
    """Give what the cities in scope promise where they do not keep to the default."""
    return {row.city_id: policy_of(row) for row in RetentionPolicy.objects.filter(camera=None)}


def camera_policies() -> dict[UUID, Policy]:
    """Give the cameras with a promise of their own."""
    return {row.camera_id: policy_of(row) for row in RetentionPolicy.objects.exclude(camera=None) if row.camera_id}


def read_promises() -> list[tuple[Any, ...]]:
    """Give all that is promised by the cities in scope, to see whether it is the same still."""
    rows = RetentionPolicy.objects.order_by("pk")
    return list(rows.values_list("pk", "city_id", "camera_id", "days", "max_days", "quota_bytes"))


def policies_in_force() -> dict[UUID, Policy]:
    """Give the promise in force for every camera in scope, removed ones included: their footage stays theirs."""
    cities, own = city_policies(), camera_policies()
    cameras = Camera.objects.order_by().values_list("pk", "city_id")
    return {camera_id: choose_policy(own.get(camera_id), cities.get(city_id)) for camera_id, city_id in cameras}


def deletable(now: datetime) -> QuerySet[Segment]:
    """Give the segments that may go at all: closed, and touched by no hold in force."""
    return Segment.objects.filter(~is_held(now), state__in=CLOSED)


def started_before(limits: Mapping[UUID, datetime]) -> Q:
    """Give the condition that a segment started before its camera's moment; none meets that of no cameras."""
    cameras: dict[datetime, list[UUID]] = {}
    for camera_id, moment in limits.items():
        cameras.setdefault(moment, []).append(camera_id)
    condition = Q(pk__in=[])
    for moment, ids in cameras.items():
        condition |= Q(camera_id__in=ids, start__lt=moment)
    return condition


def read_oldest(rows: QuerySet[Segment], most: int = MOST_AT_ONCE) -> list[Candidate]:
    """Give the oldest of these segments, oldest first."""
    values = rows.order_by("start", "pk").values_list("pk", "camera_id", "city_id", "start", "size")
    return [Candidate(*row) for row in values[:most]]


def read_oldest_bytes(rows: QuerySet[Segment], excess: float) -> list[Candidate]:
    """Give the oldest of these segments, oldest first, until so many bytes go with them."""
    few = take_oldest(read_oldest(rows, FEW_AT_ONCE), excess)
    return few if len(few) < FEW_AT_ONCE else take_oldest(read_oldest(rows), excess)


def find_outside(server_id: int) -> list[int]:
    """Give the closed segments that no recording session of their camera touches."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE, {"server": server_id})
        return [row[0] for row in cursor.fetchall()]


def unheld_bytes(camera_ids: Collection[UUID], now: datetime) -> dict[UUID, int]:
    """Give the bytes of footage of each of these cameras that count for a quota: all that is there and not held."""
    rows = Segment.objects.filter(~is_held(now), camera_id__in=camera_ids).exclude(state=SegmentState.DELETING)
    sums = rows.values_list("camera_id").annotate(bytes=Sum("size")).order_by()
    return {camera_id: int(size) for camera_id, size in sums}


def measure_footprints(server_id: int, policies: Mapping[UUID, Policy], now: datetime) -> dict[UUID, Footprint]:
    """Give what each city has on a media server's disk; promised days count for each camera with footage there."""
    rows = Segment.objects.filter(media_server_id=server_id).exclude(state=SegmentState.DELETING)
    may_go = Q(~is_held(now), state__in=CLOSED)
    by_camera = rows.values_list("city_id", "camera_id").annotate(Sum("size"), may_go=Sum("size", filter=may_go))
    found: dict[UUID, Footprint] = {}
    for city_id, camera_id, used, going in by_camera.order_by():
        before = found.get(city_id, Footprint(0, 0, 0))
        days = policies.get(camera_id, DEFAULT_POLICY).days
        found[city_id] = Footprint(
            before.used + int(used), before.deletable + int(going or 0), before.camera_days + days
        )
    return found


def largest_segment(camera_ids: Iterable[UUID]) -> int:
    """Give the bytes of the largest segment known of these cameras, 0 where there is none."""
    rows = Segment.objects.filter(camera_id__in=list(camera_ids))
    return int(rows.aggregate(largest=Max("size"))["largest"] or 0)


def cameras_by_city() -> dict[UUID, list[UUID]]:
    """Give the cameras of each city in scope, removed ones included."""
    found: dict[UUID, list[UUID]] = {}
    for camera_id, city_id in Camera.objects.order_by().values_list("pk", "city_id"):
        found.setdefault(city_id, []).append(camera_id)
    return found


def on_server(server_id: int, ids: list[int]) -> set[int]:
    """Give those of the segments that lie on this media server's disk."""
    return set(Segment.objects.filter(pk__in=ids, media_server_id=server_id).values_list("pk", flat=True))
