"""What the tests of holds share: footage on a real disk, and its rows."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cameras.models import Camera
from cities.scope import every_city
from recording.holds.services import hold_footage
from recording.models import Hold, Segment
from recording.segments.disk import write_marker
from recording.segments.looks import look_at_cameras
from tests.recording.segments.conftest import START, Shelf, every, make_segment, shelf  # noqa: F401 -- its fixtures
from tests.world import World

NOW = START + timedelta(hours=9)
MINUTE = timedelta(minutes=1)


def fill(shelf: Shelf, camera: Camera, count: int, *, first: datetime = START, seconds: int = 12) -> list[Segment]:  # noqa: F811 -- the shelf itself
    """Put so many segments, one after the other, on the shelf and into the index; give their rows."""
    moments = [first + timedelta(seconds=seconds * number) for number in range(count)]
    if not (shelf.root / ".vms-footage").exists():
        write_marker(shelf.root, shelf.server.pk)
    for number, at in enumerate(moments):
        shelf.put(camera, make_segment(at, fragments=seconds // 4, number=number), at=at)
    with every_city("a test's footage is of several cities"):
        look_at_cameras(shelf.server, [camera.pk], datetime.now(UTC))
        return list(Segment.objects.filter(camera=camera).order_by("start"))


@pytest.fixture
def footage(world: World, shelf: Shelf) -> list[Segment]:  # noqa: F811 -- the fixture
    """Five segments of 12 s of the world's camera."""
    return fill(shelf, world.camera, 5)


@pytest.fixture
def hold(world: World) -> Callable[..., Hold]:
    """Hold footage from the second `start` to the second `end` of the shelf's time."""

    def make(start: float, end: float, **more: Any) -> Hold:
        given: dict[str, Any] = {"camera": world.camera, "by": world.operator, "now": NOW, "reason": "Robbery"} | more
        span = {"starts_at": START + timedelta(seconds=start), "ends_at": START + timedelta(seconds=end)}
        return hold_footage(given.pop("camera"), **(span | given))

    return make


def believe(_now: datetime) -> str:
    """Take any time for the true one."""
    return ""


def links(root: Path, file: str) -> int:
    """How many names the file has."""
    return (root / file).stat().st_nlink
