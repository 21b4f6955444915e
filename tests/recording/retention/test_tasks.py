"""What beat starts: a pass for each media server, and nothing for one that is gone."""

from typing import Any

import pytest

from cameras.models import MediaServer
from recording.models import Segment
from recording.retention import tasks
from tests.recording.retention.conftest import Ring
from tests.world import World

pytestmark = pytest.mark.django_db


def test_each_media_server_gets_a_pass_of_its_own(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    second = MediaServer.objects.create(name="second")
    ordered: list[Any] = []
    monkeypatch.setattr(tasks.turn_server_ring, "apply_async", lambda args, **options: ordered.append((args, options)))
    tasks.turn_rings()
    assert ordered == [((world.server.pk,), {"expires": 55}), ((second.pk,), {"expires": 55})]


def test_a_pass_deletes_what_is_due(world: World, ring: Ring) -> None:
    ring.add(world.camera, 9)
    young = ring.add(world.camera, 1)
    tasks.turn_server_ring(world.server.pk)
    assert list(Segment.objects.values_list("pk", flat=True)) == [young.pk]
    tasks.turn_server_ring(world.server.pk + 1000)
