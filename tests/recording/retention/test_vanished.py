"""What left the disk without us is written down under the rule that explains it, and under none where none does."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from recording.gaps.spans import Span
from recording.models import Deletion, Segment, Storage
from recording.retention.decisions import Policy
from recording.retention.vanished import judge_vanished
from recording.segments.decisions import GoneSegment
from recording.segments.reconcile import reconcile
from tests.recording.retention.conftest import Ring
from tests.world import NOW, World

CAMERA, CITY = UUID(int=1), UUID(int=2)
WEEK = timedelta(days=7)


def gone(days: float, rule: str = "", *, early: bool = False) -> GoneSegment:
    start = NOW - timedelta(days=days)
    return GoneSegment(CAMERA, CITY, start, start + timedelta(minutes=30), 5, rule, early)


@pytest.mark.parametrize(
    ("row", "delete_after", "policy", "found"),
    [
        (gone(8), WEEK, Policy(7), ("mediamtx", False)),
        (gone(7), WEEK, Policy(7), ("mediamtx", False)),
        (gone(8), WEEK, Policy(30), ("mediamtx", True)),
        (gone(6), WEEK, Policy(7), None),
        (gone(8), None, Policy(7), None),
        (gone(1, "watermark", early=True), WEEK, Policy(7), ("watermark", True)),
        (gone(1, "outside"), None, Policy(7), ("outside", False)),
    ],
)
def test_each_has_the_rule_that_explains_it(row: GoneSegment, delete_after: Any, policy: Policy, found: Any) -> None:
    deleted = judge_vanished(row, delete_after, policy, NOW)
    assert (deleted and (deleted.rule, deleted.is_early)) == found


@pytest.mark.django_db
def test_the_full_pass_writes_down_what_mediamtx_took(world: World, ring: Ring) -> None:
    old, young = ring.add(world.camera, 8), ring.add(world.camera, 2)
    ring.add(world.camera, 1)
    Storage.objects.create(media_server=ring.server, delete_after_seconds=7 * 86_400)
    for row in (old, young):
        (ring.root / row.file).unlink()
    assert reconcile(ring.server, datetime.now(UTC)).removed == 2
    rows = Deletion.objects.values_list("rule", "segments", "start", "spans")
    assert list(rows) == [("mediamtx", 1, old.start, (Span(old.start, old.end),))]


@pytest.mark.django_db
def test_the_full_pass_keeps_the_ring_s_books_where_it_comes_first(world: World, ring: Ring) -> None:
    row = ring.add(world.camera, 1, state="deleting")
    ring.add(world.camera, 1.5)
    (ring.root / row.file).unlink()
    reconcile(ring.server, datetime.now(UTC))
    assert list(Deletion.objects.values_list("rule", "segments")) == [("age", 1)]


@pytest.mark.django_db
def test_a_week_of_cleaning_at_once_is_no_loss_to_doubt(world: World, ring: Ring) -> None:
    rows = [ring.add(world.camera, 8 + number / 100) for number in range(120)]
    ring.add(world.camera, 1)
    for row in rows:
        (ring.root / row.file).unlink()
    assert "files of the index are gone" in reconcile(ring.server, datetime.now(UTC)).refused
    Storage.objects.filter(media_server=ring.server).update(delete_after_seconds=7 * 86_400)
    assert reconcile(ring.server, datetime.now(UTC)).removed == 120
    assert (Segment.objects.count(), Storage.objects.get().doubt) == (1, "")
