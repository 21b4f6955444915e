"""A world in which both cities have one of everything: data that could leak."""

from datetime import datetime, timedelta

from cameras.models import Camera
from cities.scope import every_city
from observers.models import Alarm
from recording.models import Forecast, Gap, Hold, Segment
from recording.retention.deletions import Deleted, note_deletions
from recording.retention.records import seal_deletion_records
from recording.services import switch_recording
from streams.services import wish_stream
from tests.world import NOW, World, make_world

FOREIGN_BYTES = 31_415_926_535
OWN_DAY, FOREIGN_DAY = NOW - timedelta(days=20), NOW - timedelta(days=10)


def build_full_world() -> World:
    """Build the world of every test, both cities' cameras streamed and recorded: data that could leak."""
    world = make_world()
    with every_city("a test's world spans the cities"):
        for camera in (world.camera, world.foreign_camera):
            wish_stream(camera, now=NOW)
            switch_recording(camera, on=True, by=None, now=NOW)
            make_alarm(camera)
            forecast(camera)
            delete_some(camera, OWN_DAY if camera == world.camera else FOREIGN_DAY)
            add_footage(camera)
            add_hold(camera)
            Gap.objects.create(camera=camera, city_id=camera.city_id, start=NOW, cause="unknown")
    return world


OWN_ALARM, FOREIGN_ALARM, UNKNOWN_ALARM = 7_000_001, 7_000_002, 7_000_003


def make_alarm(camera: Camera) -> None:
    numbers = {"Market square": OWN_ALARM, "Secret harbour": FOREIGN_ALARM}
    about = {"city_id": camera.city_id, "opened_at": NOW, "last_seen_at": NOW}
    Alarm.objects.create(pk=numbers.get(camera.name), camera=camera, kind="camera_offline", detail="{}", **about)


def forecast(camera: Camera) -> None:
    number = int(camera.name == "Secret harbour")
    sizes = dict.fromkeys(["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes"], FOREIGN_BYTES * number)
    Forecast.objects.create(
        city=camera.city, media_server=camera.media_server, promised_days=7, measured_at=NOW, **sizes
    )


def delete_some(camera: Camera, moment: datetime) -> None:
    """Have the day's deletions of a camera written down and sealed."""
    gone = Deleted(camera.pk, camera.city_id, moment, moment, 1, "age", is_early=False)
    note_deletions([gone], moment)
    seal_deletion_records(moment + 2 * timedelta(days=1))


def add_footage(camera: Camera) -> None:
    Segment.objects.create(
        camera=camera,
        city=camera.city,
        media_server=camera.media_server,
        start=NOW - timedelta(minutes=30),
        end=NOW,
        size=1,
        whole_bytes=1,
        file=f"{camera.stream_id}/2026-01-27_11-30-00-000000.mp4",
        state="ready",
        indexed_at=NOW,
    )


def add_hold(camera: Camera) -> Hold:
    return Hold.objects.create(
        camera=camera,
        city=camera.city,
        starts_at=NOW - timedelta(minutes=30),
        ends_at=NOW,
        reason=f"Why {camera.name} is held",
        created_at=NOW,
    )


def hold_of(camera: Camera) -> str:
    with every_city("a test's world spans the cities"):
        return str(Hold.objects.get(camera=camera, reason__startswith="Why").pk)
