"""What the tests of alarms share: facts put into the database as the other rooms would, and looks at the alarms."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from cameras.models import Camera, CameraOutage
from cities.scope import every_city
from observers.alarms.services import watch_alarms
from observers.models import Alarm
from recording.models import RecordingSession, Segment
from tests.world import NOW, World


@pytest.fixture
def every() -> Iterator[None]:
    """All cities' rows are in sight."""
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def answering(world: World) -> World:
    """A world whose media server has answered a moment ago, for a long time already."""
    set_server(world, reach="reachable", reach_changed_at=NOW - timedelta(days=1), snapshot_at=NOW, looks=100)
    return world


@pytest.fixture
def watch(answering: World, every: None) -> Callable[..., list[tuple[str, str]]]:
    """Make a pass so many seconds after the fixed moment, the media server having answered; give what is open."""

    def watch_after(seconds: float = 0, **changes: Any) -> list[tuple[str, str]]:
        now = after(seconds)
        set_server(answering, **{"snapshot_at": now, **changes})
        watch_alarms(now=now)
        return list_open()

    return watch_after


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def set_server(world: World, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(world.server, name, value)
    world.server.save()


def list_open() -> list[tuple[str, str]]:
    """Give (kind, subject) of the open alarms."""
    alarms = Alarm.objects.filter(closed_at=None).select_related("camera", "media_server")
    return sorted((alarm.kind, str(alarm.camera or alarm.media_server)) for alarm in alarms)


def lose(camera: Camera, *, looks: int = 98, began: float = -40, ended: float | None = None) -> CameraOutage:
    """Put a camera's outage, open unless it ended, missed when the server had counted `looks`."""
    ended_at = None if ended is None else after(ended)
    Camera.objects.filter(pk=camera.pk).update(is_online=ended is not None, online_changed_at=ended_at or after(began))
    return CameraOutage.objects.create(
        camera=camera, city_id=camera.city_id, began_at=after(began), ended_at=ended_at, began_at_look=looks
    )


def wish_recording(camera: Camera, *, since: float = -600, online: bool = True) -> RecordingSession:
    Camera.objects.filter(pk=camera.pk).update(recording_enabled=True, is_online=online)
    return RecordingSession.objects.create(
        camera=camera,
        city_id=camera.city_id,
        stream_id=camera.stream_id,
        started_at=after(since),
        storage_path=f"/recordings/{camera.stream_id}",
    )


def put_segment(camera: Camera, *, end: float, seconds: float = 60, **more: Any) -> Segment:
    """Put footage that ended so many seconds after the fixed moment."""
    start = after(end - seconds)
    given = {"state": "ready", "indexed_at": after(end), "end": after(end), "size": 10, "whole_bytes": 10, **more}
    return Segment.objects.create(
        camera=camera,
        city_id=camera.city_id,
        media_server_id=camera.media_server_id,
        start=start,
        file=f"{camera.stream_id}/{start.timestamp()}.mp4",
        **given,
    )


def add_cameras(world: World, count: int) -> list[Camera]:
    """Add cameras to the city, their pictures wanted."""
    return [
        Camera.objects.create(city=world.city, media_server=world.server, name=f"Camera {number}", last_seen_at=NOW)
        for number in range(count)
    ]
