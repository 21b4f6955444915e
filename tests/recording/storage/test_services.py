"""Disks are measured where they can be, forecast from what was written, and full ones are told of."""

import logging
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from cameras.models import Camera, MediaServer, ServerOutage, ServerOutageCause
from cities.scope import every_city
from recording.holds.queries import is_held
from recording.models import Forecast, Hold, RecordingSession, RecordingStatus, RetentionPolicy, Segment, Storage
from recording.off_switch import list_off_cameras
from recording.retention.disk import DiskRoom
from recording.segments.disk import write_marker
from recording.storage import queries, services, tasks
from recording.storage.decisions import DAY_SECONDS, CityUse
from recording.storage.queries import BrokenPromise, measure_uses
from tests.fakes.mediamtx import FakeMediaMTX, Reply
from tests.fakes.mute import mute_servers
from tests.world import World

GB = 10**9
ROOMY = DiskRoom(1000 * GB, 500 * GB)
FULL = DiskRoom(1000 * GB, 1000)


@pytest.fixture(autouse=True)
def every(db: None) -> Iterator[None]:
    """All cities' rows are in sight."""
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def disk(world: World, tmp_path: Path) -> Path:
    """The world's folder of recordings."""
    world.server.recordings_root = str(tmp_path)
    world.server.save()
    write_marker(tmp_path, world.server.pk)
    return tmp_path


def give(room: DiskRoom) -> Callable[[Path], DiskRoom]:
    return lambda _root: room


def outages() -> list[tuple[str, datetime, datetime | None]]:
    return list(ServerOutage.objects.order_by("pk").values_list("cause", "began_at", "ended_at"))


def record(camera: Camera, since: datetime, until: datetime | None = None) -> None:
    status = RecordingStatus.OFF if until else RecordingStatus.ON
    RecordingSession.objects.create(
        camera=camera, city_id=camera.city_id, started_at=since, ended_at=until, status=status
    )


def add_footage(camera: Camera, start: datetime, *, minutes: float = 30, size: int = GB) -> Segment:
    return Segment.objects.create(
        camera=camera,
        city_id=camera.city_id,
        media_server=camera.media_server,
        start=start,
        end=start + timedelta(minutes=minutes),
        size=size,
        whole_bytes=size,
        file=f"{camera.stream_id}/{start.isoformat()}.mp4",
        state="ready",
        indexed_at=start,
    )


def fill_days(camera: Camera, now: datetime, *, days: float, size: int = GB) -> None:
    """Record without a break until now: two segments an hour."""
    record(camera, now - timedelta(days=days))
    for number in range(1, int(days * 48) + 1):
        add_footage(camera, now - number * timedelta(minutes=30), size=size)


def test_a_measure_is_written_and_found_again(world: World, disk: Path, now: datetime) -> None:
    services.measure_storage(world.server, now)
    storage = Storage.objects.get()
    assert storage.total_bytes is not None
    assert storage.free_bytes is not None
    assert 0 < storage.free_bytes <= storage.total_bytes
    assert storage.measured_at == now


@pytest.mark.parametrize("root", ["/no/such/folder", "unmounted"])
def test_where_the_folder_is_away_nothing_is_written_and_it_is_said_once(
    world: World, tmp_path: Path, now: datetime, root: str, caplog: pytest.LogCaptureFixture
) -> None:
    add_footage(world.camera, now)
    (tmp_path / "unmounted").mkdir()
    world.server.recordings_root = str(tmp_path / root)
    with caplog.at_level(logging.WARNING):
        assert [services.measure_storage(world.server, now, give(FULL)) for _ in range(3)] == [None] * 3
    assert (Storage.objects.count(), outages(), len(caplog.records)) == (0, [], 1)


def test_a_file_system_without_a_size_tells_nothing(world: World, disk: Path, now: datetime) -> None:
    assert services.measure_storage(world.server, now, give(DiskRoom(0, 0))) is None
    assert outages() == []


def test_a_full_disk_is_an_outage_until_there_is_room(world: World, disk: Path, now: datetime) -> None:
    minute = timedelta(minutes=1)
    for number, room in enumerate([ROOMY, FULL, FULL, ROOMY, ROOMY]):
        services.measure_storage(world.server, now + number * minute, give(room))
    assert outages() == [(ServerOutageCause.DISK_FULL, now, now + 3 * minute)]
    services.measure_storage(world.server, now + 60 * minute, give(FULL))
    services.measure_storage(world.server, now + 30 * minute, give(ROOMY))
    later = now + 60 * minute
    assert outages()[1:] == [(ServerOutageCause.DISK_FULL, later, later)]


def test_a_server_that_refuses_to_record_is_full_whatever_is_free(world: World, disk: Path, now: datetime) -> None:
    assert [services.refuse_recording(world.server.pk, now) for _ in range(2)] == [True, False]
    services.measure_storage(world.server, now, give(ROOMY))
    assert outages() == [(ServerOutageCause.DISK_FULL, now, None)]
    later = now + timedelta(hours=1)
    assert [services.accept_recording(world.server.pk, later) for _ in range(2)] == [True, False]
    assert outages() == [(ServerOutageCause.DISK_FULL, now, later)]


def test_where_recording_is_refused_every_camera_is_off_and_the_wishes_stay(
    world: World, now: datetime, settings: Any
) -> None:
    settings.MEDIAMTX_API_URL = world.server.api_url
    Camera.objects.update(recording_enabled=True)
    found = [list_off_cameras(now)]
    services.refuse_recording(world.server.pk, now)
    found.append(list_off_cameras(now))
    services.accept_recording(world.server.pk, now)
    found.append(list_off_cameras(now))
    assert found == [set(), {world.camera.pk, world.foreign_camera.pk}, set()]
    assert Camera.objects.filter(recording_enabled=True).count() == 2


@pytest.fixture
def fake(world: World) -> Iterator[FakeMediaMTX]:
    server = FakeMediaMTX()
    world.server.api_url = server.url
    world.server.save()
    yield server
    server.stop()


def tell(body: bytes, status: int = 200) -> Callable[[FakeMediaMTX, str], Reply]:
    return lambda _fake, _target: Reply(body, status=status)


def test_what_mediamtx_does_not_tell_stays_as_it_was(world: World, fake: FakeMediaMTX, now: datetime) -> None:
    found = []
    for body, status in (
        (b"{}", 500),
        (b'{"recordDeleteAfter": "7d"}', 200),
        (b"", 500),
        (b"<html>", 200),
        (b"{}", 200),
        (b'{"recordDeleteAfter": "soon"}', 200),
        (b'{"recordDeleteAfter": ""}', 200),
        (b'{"recordDeleteAfter": "1d12h0m0s"}', 200),
    ):
        fake.script = tell(body, status)
        services.learn_delete_after(world.server, now)
        found.append(Storage.objects.get().delete_after_seconds)
    week = 7 * DAY_SECONDS
    assert found == [None, week, week, week, week, week, 0, 129_600]


@pytest.mark.slow
def test_servers_that_never_answer_keep_no_other_from_being_asked(
    world: World, fake: FakeMediaMTX, now: datetime
) -> None:
    fake.script = tell(b'{"recordDeleteAfter": "30d"}')
    with mute_servers(5) as addresses:
        mute = [MediaServer.objects.create(name=address, api_url=address) for address in addresses]
        began = time.monotonic()
        services.learn_delete_after_together([*mute, world.server], now)
        assert time.monotonic() - began < 9
    found = dict(Storage.objects.values_list("media_server", "delete_after_seconds"))
    assert found == {world.server.pk: 30 * DAY_SECONDS, **{server.pk: None for server in mute}}


def test_the_longest_promise_is_a_cameras_before_its_citys_before_seven_days(world: World, now: datetime) -> None:
    found = [queries.longest_promises(now)]
    RetentionPolicy.objects.create(city=world.city, days=15)
    found.append(queries.longest_promises(now))
    RetentionPolicy.objects.create(city=world.city, camera=world.camera, days=3)
    found.append(queries.longest_promises(now))
    RetentionPolicy.objects.create(city=world.other_city, days=2)
    found.append(queries.longest_promises(now))
    Camera.objects.filter(pk=world.camera.pk).update(removed_at=now - timedelta(days=2))
    found.append(queries.longest_promises(now))
    Camera.objects.filter(pk=world.camera.pk).update(removed_at=now - timedelta(days=3))
    found.append(queries.longest_promises(now))
    assert [each[world.server.pk] for each in found] == [7, 15, 7, 3, 3, 2]


def test_a_promise_that_mediamtx_breaks_is_found(world: World, now: datetime) -> None:
    storage = Storage.objects.create(media_server=world.server, delete_after_seconds=7 * DAY_SECONDS)
    found = [queries.find_broken_promises([storage], {world.server.pk: days}) for days in (7, 30)]
    assert found == [[], [BrokenPromise(world.server, 7 * DAY_SECONDS, 30)]]
    assert queries.find_broken_promises([storage], {}) == []


def test_bytes_a_day_are_those_of_the_last_day(world: World, now: datetime) -> None:
    fill_days(world.camera, now, days=3)
    add_footage(world.foreign_camera, now - timedelta(hours=1), size=5 * GB)
    ours = measure_uses(now)[world.server.pk]
    assert ours[world.city.pk] == CityUse(
        bytes_per_day=48 * GB,
        wanted_bytes=7 * 48 * GB,
        footage_seconds=DAY_SECONDS,
        footage_bytes=144 * GB,
        camera_days=7,
        promised_days=7,
    )
    assert ours[world.other_city.pk] == CityUse(footage_bytes=5 * GB, camera_days=7, promised_days=7)


def test_a_segment_that_reaches_into_the_day_counts_in_part(world: World, now: datetime) -> None:
    record(world.camera, now - timedelta(days=3))
    add_footage(world.camera, now - timedelta(hours=25), minutes=120, size=8 * GB)
    use = measure_uses(now)[world.server.pk][world.city.pk]
    assert (use.bytes_per_day, use.footage_seconds) == (4 * GB, 3600)


@pytest.mark.parametrize(
    ("hours", "rate"),
    [(2, 48 * GB), (48, 4 * GB)],
    ids=["recorded since two hours", "recorded for days, on air for two hours"],
)
def test_what_is_young_is_scaled_to_a_day(world: World, now: datetime, hours: int, rate: int) -> None:
    record(world.camera, now - timedelta(hours=hours))
    for number in range(1, 5):
        add_footage(world.camera, now - number * timedelta(minutes=30))
    assert round(measure_uses(now)[world.server.pk][world.city.pk].bytes_per_day) == rate


def test_the_time_in_which_the_media_server_was_down_does_not_count(world: World, now: datetime) -> None:
    fill_days(world.camera, now, days=0.5)
    RecordingSession.objects.update(started_at=now - timedelta(days=5))
    down = {"media_server": world.server, "cause": "down"}
    ServerOutage.objects.create(**down, began_at=now - timedelta(days=2), ended_at=now - timedelta(hours=18))
    ServerOutage.objects.create(**down, began_at=now - timedelta(hours=20), ended_at=now - timedelta(hours=12))
    assert measure_uses(now)[world.server.pk][world.city.pk].bytes_per_day == 48 * GB


def test_earlier_sessions_of_the_day_count_and_a_camera_that_is_off_does_not(world: World, now: datetime) -> None:
    record(world.camera, now - timedelta(hours=6), now - timedelta(hours=5))
    add_footage(world.camera, now - timedelta(hours=6), minutes=60, size=GB)
    assert measure_uses(now)[world.server.pk][world.city.pk].bytes_per_day == 0
    record(world.camera, now - timedelta(minutes=1))
    rate = measure_uses(now)[world.server.pk][world.city.pk].bytes_per_day
    assert round(rate) == round(GB * 86_400 / 3660)


def measured(world: World, now: datetime, **values: Any) -> Storage:
    given: dict[str, Any] = {"total_bytes": 1000 * GB, "free_bytes": 266 * GB, "measured_at": now}
    return Storage.objects.create(media_server=world.server, low_bytes=0, high_bytes=0, **(given | values))


def test_a_forecast_stands_for_each_city_and_for_the_disk(world: World, now: datetime) -> None:
    RetentionPolicy.objects.create(city=world.city, days=30)
    fill_days(world.camera, now, days=3, size=GB // 4)
    storage = measured(world, now)
    assert services.forecast_storage(now) == 1
    storage.refresh_from_db()
    room = 302 * GB
    assert (storage.bytes_per_day, storage.yields_days, storage.promised_days) == (12 * GB, room / (12 * GB), 30)
    fields = ["bytes_per_day", "footage_bytes", "held_bytes", "room_bytes", "yields_days", "promised_days"]
    rows = {row["city"]: [row[name] for name in fields] for row in Forecast.objects.values("city", *fields)}
    assert rows == {
        world.city.pk: [12 * GB, 36 * GB, 0, room, room / (12 * GB), 30],
        world.other_city.pk: [0, 0, 0, 0, None, 7],
    }


def test_held_footage_is_no_room_until_it_is_released(world: World, now: datetime) -> None:
    fill_days(world.camera, now, days=1)
    hour_ago = now - timedelta(hours=1)
    for minutes in (2, 3):  # one segment, held twice
        Hold.objects.create(
            camera=world.camera,
            city=world.city,
            starts_at=hour_ago + timedelta(minutes=1),
            ends_at=hour_ago + timedelta(minutes=minutes),
            reason="a case",
            created_at=now,
        )
    measured(world, now)
    found = []
    for released in (None, now):
        Hold.objects.update(released_at=released)
        services.forecast_storage(now)
        found.append(Forecast.objects.filter(city=world.city).values_list("held_bytes", "room_bytes").get())
    assert found == [(GB, (266 + 47) * GB), (0, (266 + 48) * GB)]


def test_what_is_held_is_what_the_ring_calls_held(world: World, now: datetime) -> None:
    fill_days(world.camera, now, days=2)
    for start, end in ((90, 60), (60, 30), (2000, 1960), (5, -500), (9000, 8000)):
        Hold.objects.create(
            camera=world.camera,
            city=world.city,
            starts_at=now - timedelta(minutes=start),
            ends_at=now - timedelta(minutes=end),
            reason="a case",
            created_at=now,
        )
    held = Segment.objects.filter(is_held(now)).aggregate(Sum("size"))["size__sum"]
    assert measure_uses(now)[world.server.pk][world.city.pk].held_bytes == held > 0


@pytest.mark.parametrize("age", [timedelta(minutes=11), None])
def test_without_a_fresh_measure_nothing_is_forecast(world: World, now: datetime, age: timedelta | None) -> None:
    measured(world, now, measured_at=None if age is None else now - age)
    assert (services.forecast_storage(now), Forecast.objects.count()) == (0, 0)


def test_a_city_that_left_a_disk_has_no_forecast_there(world: World, now: datetime) -> None:
    measured(world, now)
    services.forecast_storage(now)
    Camera.objects.filter(pk=world.foreign_camera.pk).update(removed_at=now - timedelta(days=60))
    later = now + timedelta(minutes=5)
    services.forecast_storage(later)
    services.forecast_storage(later)
    assert list(Forecast.objects.values_list("city", "measured_at")) == [(world.city.pk, later)]


def test_the_tasks_do_it_all_for_every_media_server(world: World, disk: Path, fake: FakeMediaMTX) -> None:
    fake.script = tell(b'{"recordDeleteAfter": "30d"}')
    tasks.measure_disk(world.server.pk)
    tasks.measure_disk(world.server.pk + 1)
    tasks.learn_delete_after()
    tasks.forecast_disks()
    storage = Storage.objects.get()
    assert (storage.delete_after_seconds, storage.promised_days, storage.yields_days) == (30 * DAY_SECONDS, 7, None)
    assert Forecast.objects.count() == 2


def test_a_disk_is_forecast_with_each_measure_until_something_is_known_to_be_written(
    world: World, disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ordered: list[int] = []
    monkeypatch.setattr(tasks.forecast_disks, "delay", lambda: ordered.append(1))
    for written, orders in ((None, 1), (0, 2), (GB, 2)):
        Storage.objects.filter(media_server=world.server).update(bytes_per_day=written)
        tasks.measure_disk(world.server.pk)
        assert len(ordered) == orders
