"""What lies outside every session is found, without a look at what lies inside."""

import random
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera
from recording.models import RecordingSession, Segment
from recording.retention.queries import find_outside
from tests.recording.retention.conftest import Ring
from tests.world import World

pytestmark = pytest.mark.django_db

_ROWS = """
    INSERT INTO recording_segment (camera_id, city_id, media_server_id, start, "end", size, whole_bytes, file, state,
                                   damage, is_recovered, fragments, indexed_at)
    SELECT id, city_id, media_server_id, %(now)s - number * interval '30 min',
           %(now)s - (number - 1) * interval '30 min', 1, 1, id || '/' || number, 'ready', '', false,
           decode(repeat('00', 400), 'hex'), %(now)s
    FROM cameras_camera CROSS JOIN generate_series(1, 300) AS number
"""


def fill(ring: Ring, cameras: int) -> None:
    """Add cameras with 300 segments each, recorded all the time."""
    first = Camera.objects.first()
    assert first is not None
    for camera in Camera.objects.bulk_create(
        Camera(city=first.city, media_server=ring.server, name=f"Street {number}") for number in range(cameras)
    ):
        ring.record(camera, since=60)
    with connection.cursor() as cursor:
        cursor.execute(_ROWS, {"now": ring.now})
        cursor.execute("ANALYZE recording_segment, recording_recordingsession, cameras_camera")


def read_nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", []):
        yield from read_nodes(part)


def test_where_nothing_is_outside_no_row_of_a_segment_is_read_whole(ring: Ring) -> None:
    fill(ring, 40)
    with CaptureQueriesContext(connection) as asked:
        assert find_outside(ring.server.pk) == []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {asked.captured_queries[0]['sql']}")
        nodes = list(read_nodes(cursor.fetchone()[0][0]["Plan"]))
    read = [
        (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
        for node in nodes
        if node.get("Relation Name") == "recording_segment" and node["Node Type"] != "Index Only Scan"
    ]
    assert (len(read), sum(read)) == (1, 0)


@pytest.mark.parametrize("seed", range(20))
def test_sessions_may_overlap_and_the_rule_stays_the_same(world: World, ring: Ring, seed: int) -> None:
    dice = random.Random(seed)  # noqa: S311 -- nothing secret
    RecordingSession.objects.all().delete()
    minute = 1 / 1440
    for _ in range(dice.randint(0, 6)):
        since = dice.randint(0, 60)
        ring.record(world.camera, since=since * minute, until=dice.randint(0, since) * minute)
    if dice.random() < 0.2:
        ring.record(world.camera, since=dice.randint(0, 60) * minute)
    rows = [ring.add(world.camera, number * minute) for number in dice.sample(range(-5, 65), 30)]
    assert sorted(find_outside(ring.server.pk)) == sorted(row.pk for row in rows if is_outside(row))


def is_outside(row: Segment) -> bool:
    """The rule as it is told: no session of the camera touches it, be it with an edge alone."""
    forever = row.end + timedelta(days=9)
    sessions = RecordingSession.objects.filter(camera=row.camera_id)
    return not any(each.started_at <= row.end and (each.ended_at or forever) >= row.start for each in sessions)
