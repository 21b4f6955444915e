"""The first of the ring's steps: what may still be written is not marked, whatever its row says of it."""

from datetime import timedelta

import pytest

from recording.models import DeletionRule, Segment
from recording.retention.decisions import Choice
from recording.retention.steps import mark_segments
from tests.recording.retention.conftest import Ring
from tests.world import World

pytestmark = [pytest.mark.django_db]


def mark(ring: Ring) -> list[str]:
    """Choose every segment; give those that were marked."""
    choices = [Choice(row.pk, DeletionRule.WATERMARK, is_early=True) for row in Segment.objects.order_by("start")]
    marked = {target.file for target in mark_segments(choices, [], ring.now)}
    return [row.file for row in Segment.objects.order_by("start") if row.file in marked]


@pytest.mark.parametrize("change", [{"is_recovered": True}, {"state": "damaged", "damage": "empty"}])
def test_the_newest_file_may_go_on_if_silence_alone_sealed_it(ring: Ring, world: World, change: dict[str, str]) -> None:
    before, newest = (ring.add(world.camera, days) for days in (0.9, 0.8))
    Segment.objects.update(**change)
    assert mark(ring) == [before.file]
    Segment.objects.update(is_recovered=False, state="ready", damage="")
    assert mark(ring) == [before.file, newest.file]


def test_what_began_longer_ago_than_any_file_grows_goes(ring: Ring, world: World) -> None:
    old = ring.add(world.camera, 0)
    ring.now += timedelta(hours=25)
    Segment.objects.update(is_recovered=True)
    assert mark(ring) == []
    ring.now += timedelta(seconds=1)
    assert mark(ring) == [old.file]
