"""The pass on the real database: what opens, what is seen again, what closes, and two passes at once."""

import json
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, ServerOutage
from cities.scope import every_city
from observers.alarms.services import watch_alarms
from observers.alarms.tasks import watch_alarms as watch_alarms_task
from observers.frozen import Still
from observers.models import Alarm
from recording.models import Deletion, Forecast, Storage
from recording.off_switch import OUTCOME_KEY
from streams.models import Stream
from tests.observers.alarms.conftest import (
    add_cameras,
    after,
    list_open,
    lose,
    put_segment,
    set_server,
    wish_recording,
)
from tests.world import NOW, World

pytestmark = pytest.mark.django_db

Watch = Callable[..., list[tuple[str, str]]]
NAME = "Market square"


def want(camera: Camera) -> None:
    Stream.objects.create(camera=camera, city_id=camera.city_id, wished_at=NOW)


def facts_of(kind: str) -> Any:
    return json.loads(Alarm.objects.get(kind=kind).detail)


def test_nothing_wrong_is_no_row(watch: Watch) -> None:
    assert watch() == []


def test_a_camera_goes_is_told_and_comes_back(world: World, watch: Watch) -> None:
    want(world.camera)
    outage = lose(world.camera, looks=99)
    assert watch() == []
    assert watch(10, looks=101) == [("camera_offline", NAME)]
    for seconds in (20, 30, 64, 65, 80):
        watch(seconds, looks=102)
    alarm = Alarm.objects.get()
    assert (alarm.opened_at, alarm.last_seen_at, alarm.count) == (after(10), after(65), 2)
    outage.ended_at = after(81)
    outage.save()
    assert watch(90) == []
    alarm.refresh_from_db()
    assert (alarm.closed_at, alarm.city_id) == (after(90), world.city.pk)


@pytest.mark.parametrize("wanted", ["nothing", "stream", "recording", "publishes", "publishes, never seen"])
def test_only_a_wanted_picture_is_missed(world: World, watch: Watch, wanted: str) -> None:
    lose(world.camera)
    Camera.objects.filter(pk=world.camera.pk).update(
        recording_enabled=wanted == "recording",
        source_url="" if "publishes" in wanted else "rtsp://10.0.0.5/live",
        last_seen_at=NOW if wanted == "publishes" else None,
    )
    if wanted == "stream":
        want(world.camera)
    assert watch() == ([] if wanted in {"nothing", "publishes, never seen"} else [("camera_offline", NAME)])


def test_a_removed_camera_has_no_alarm(world: World, watch: Watch) -> None:
    want(world.camera)
    lose(world.camera)
    watch()
    Camera.objects.filter(pk=world.camera.pk).update(removed_at=NOW)
    assert watch(10, reach="unreachable", reach_changed_at=NOW) == []


def test_no_answer_changes_nothing_but_says_so(world: World, watch: Watch) -> None:
    want(world.camera)
    outage = lose(world.camera)
    watch()
    outage.delete()
    away = {"reach": "unreachable", "reach_changed_at": after(10), "snapshot_at": NOW}
    assert watch(30, **away) == [("camera_offline", NAME)]
    assert watch(40, **away) == [
        ("camera_offline", NAME),
        ("server_unreachable", "main"),
        ("server_unreachable", "main"),
    ]
    back = {"reach": "reachable", "reach_changed_at": after(50)}
    assert watch(60, **back) == [("server_unreachable", "main")] * 2
    assert watch(110, **back) == []
    assert {alarm.city_id for alarm in Alarm.objects.filter(kind="server_unreachable")} == {
        world.city.pk,
        world.other_city.pk,
    }


def test_an_observer_that_sleeps_is_no_news_of_cameras(world: World, watch: Watch) -> None:
    want(world.camera)
    lose(world.camera)
    assert watch(0, snapshot_at=after(-61)) == []


def test_forty_cameras_lost_are_one_alarm(world: World, watch: Watch) -> None:
    cameras = add_cameras(world, 60)
    for camera in cameras[:40]:
        lose(camera)
    assert watch() == [("mass_loss", "main")]
    alarm = Alarm.objects.get()
    assert (alarm.city_id, facts_of("mass_loss")) == (world.city.pk, {"count": 40, "of": 60})
    watch(10)
    assert Alarm.objects.count() == 1


def test_a_camera_that_comes_and_goes(world: World, watch: Watch) -> None:
    for turn in range(3):
        lose(world.camera, began=-300 + 40 * turn, ended=-290 + 40 * turn)
    assert watch() == [("flapping", NAME)]
    assert watch(389) == [("flapping", NAME)]
    assert watch(391) == []


def test_files_that_no_outage_explains(world: World, watch: Watch) -> None:
    for number in range(11):
        put_segment(world.camera, end=-100 - 200 * number, seconds=190, stream_id=uuid4())
    assert watch() == [("unstable_clock", NAME)]
    lose(world.camera, began=-1000, ended=-900)
    Alarm.objects.all().delete()
    assert watch() == []


def test_files_of_one_recording_are_the_course_of_things(world: World, watch: Watch) -> None:
    stream = uuid4()
    for number in range(30):
        put_segment(world.camera, end=-100 - 100 * number, seconds=90, stream_id=stream)
    assert watch() == []


def test_a_frozen_picture(world: World, watch: Watch) -> None:
    Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
    key = f"observers:still:{world.server.pk}"
    cache.set(key, {str(world.camera.pk): Still(1, NOW, after(-20))})
    assert watch() == [("frozen", NAME)]
    cache.delete(key)
    assert watch(10) == [("frozen", NAME)]
    cache.set(key, {})
    assert watch(20) == []


def test_a_wish_is_met_while_footage_grows(world: World, watch: Watch) -> None:
    wish_recording(world.camera)
    put_segment(world.camera, end=-59, state="open")
    assert watch() == []
    assert watch(1) == [("wish_not_met", NAME)]
    assert facts_of("wish_not_met") == {"why": "unknown", "since": after(-59).isoformat()}
    put_segment(world.camera, end=5, state="damaged", damage="empty", size=0, whole_bytes=0)
    assert ("wish_not_met", NAME) in watch(6)
    put_segment(world.camera, end=6, seconds=2, state="open")
    assert ("wish_not_met", NAME) not in watch(7)


def test_a_wish_has_a_minute_to_be_met(world: World, watch: Watch) -> None:
    wish_recording(world.camera, since=-59)
    assert watch() == []
    assert watch(1) == [("wish_not_met", NAME)]
    assert facts_of("wish_not_met")["since"] == after(-59).isoformat()


def low_disk(world: World) -> None:
    Storage.objects.create(media_server=world.server, total_bytes=10**12, free_bytes=10**9)


def full_disk(world: World) -> None:
    ServerOutage.objects.create(media_server=world.server, cause="disk_full", began_at=NOW)


def refuse_recording(world: World) -> None:
    Storage.objects.create(media_server=world.server, refuses_since=NOW)


def stale_config(world: World) -> None:
    cache.set(OUTCOME_KEY, {"state": "not applied", "problem": "MediaMTX did not take it up"})


def go_offline(world: World) -> None:
    Camera.objects.filter(pk=world.camera.pk).update(is_online=False)


@pytest.mark.parametrize(
    ("prevent", "cause"),
    [
        (low_disk, "disk_full"),
        (full_disk, "disk_full"),
        (refuse_recording, "recording_refused"),
        (stale_config, "config_not_applied"),
        (go_offline, "camera_offline"),
    ],
)
def test_a_wish_that_is_not_met_names_its_cause(
    world: World, watch: Watch, settings: Any, prevent: Callable[[World], None], cause: str
) -> None:
    settings.MEDIAMTX_API_URL = world.server.api_url
    wish_recording(world.camera)
    prevent(world)
    assert ("wish_not_met", NAME) in watch()
    assert facts_of("wish_not_met")["why"] == cause


def test_a_disk_that_is_full_for_forty_cameras_is_one_alarm(world: World, watch: Watch) -> None:
    for camera in add_cameras(world, 40):
        wish_recording(camera)
    full_disk(world)
    assert watch() == [("wish_not_met", "main")]
    assert facts_of("wish_not_met") == {"count": 40, "of": 40, "why": "disk_full"}


def test_damaged_footage_is_told_of_for_a_day(world: World, watch: Watch) -> None:
    for end in (-86000, -100):
        put_segment(world.camera, end=end, state="damaged", damage="empty", size=0, whole_bytes=0)
    assert watch() == [("damaged_footage", NAME)]
    assert facts_of("damaged_footage") == {"count": 2}
    assert watch(86_300) == [("damaged_footage", NAME)]
    assert watch(86_301) == []


def test_early_deletions_are_told_to_their_city_for_a_day(world: World, watch: Watch) -> None:
    for camera, early in ((world.camera, True), (world.foreign_camera, False)):
        Deletion.objects.create(
            camera=camera,
            city_id=camera.city_id,
            day=after(-86400).date(),
            rule="watermark",
            is_early=early,
            start=after(-90000),
            end=after(-80000),
            segments=4,
            bytes=40,
            last_at=after(-3600),
        )
    assert watch() == [("early_deletion", "main")]
    assert (Alarm.objects.get().city_id, facts_of("early_deletion")) == (world.city.pk, {"segments": 4, "cameras": 1})
    assert watch(82_801) == []


def test_what_is_known_of_a_disk_is_told_to_each_of_its_cities(world: World, watch: Watch) -> None:
    Storage.objects.create(media_server=world.server, doubt="marker is missing in Boreal", delete_after_seconds=86400)
    forecast = {"bytes_per_day": 1, "footage_bytes": 1, "held_bytes": 0, "room_bytes": 1, "measured_at": NOW}
    for city, yields in ((world.city, 3.5), (world.other_city, 30)):
        Forecast.objects.create(city=city, media_server=world.server, yields_days=yields, promised_days=7, **forecast)
    for attempts in (2, 3):
        put_segment(
            world.camera, end=-100 * attempts, state="deleting", deletion_rule="age", deletion_attempts=attempts
        )
    watch()
    assert sorted(Alarm.objects.filter(city=world.city).values_list("kind", flat=True)) == [
        *("deletion_fails", "disk_forecast", "footage_in_doubt", "promise_broken"),
    ]
    assert facts_of("deletion_fails") == {"count": 1}
    assert sorted(Alarm.objects.filter(city=world.other_city).values_list("kind", flat=True)) == [
        *("footage_in_doubt", "promise_broken"),
    ]
    assert [alarm.detail for alarm in Alarm.objects.all() if "Boreal" in alarm.detail] == []


def everything_wrong(world: World, count: int) -> None:
    """Put troubles of each sort with so many cameras."""
    for camera in add_cameras(world, count):
        wish_recording(camera, online=False)
        for turn in range(4):
            lose(camera, began=-300 + 40 * turn, ended=-290 + 40 * turn)
        lose(camera)
        for number in range(17):
            put_segment(camera, end=-100 - 200 * number, seconds=190, stream_id=uuid4())
        put_segment(camera, end=-90, seconds=1, state="damaged", damage="empty", size=0, whole_bytes=0)


def count_queries(seconds: float) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        watch_alarms(now=after(seconds))
    return len([each for each in captured if "SAVEPOINT" not in each["sql"]])


def test_a_pass_asks_as_much_for_three_cameras_as_for_one(answering: World, every: None) -> None:
    everything_wrong(answering, 1)
    one = count_queries(0)
    Alarm.objects.all().delete()
    Camera.objects.filter(name="Camera 0").update(name="Renamed")
    everything_wrong(answering, 2)
    assert (count_queries(0), one, len({kind for kind, _ in list_open()})) == (one, one, 3)
    assert one <= 16


def test_the_task_enters_the_scope(answering: World) -> None:
    watch_alarms_task()


@pytest.mark.django_db(transaction=True)
def test_two_passes_at_once_open_each_alarm_once(answering: World, every: None) -> None:
    for camera in add_cameras(answering, 8):
        lose(camera)
    barrier = threading.Barrier(4)

    def watch() -> None:
        with every_city("these tests look at all rows"):
            barrier.wait()
            watch_alarms(now=NOW)
            connections.close_all()

    threads = [threading.Thread(target=watch) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [name for _, name in list_open()] == [f"Camera {number}" for number in range(8)]


def test_a_second_workers_open_alarm_is_not_opened_again(
    answering: World, every: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    want(answering.camera)
    lose(answering.camera)
    watch_alarms(now=NOW)
    monkeypatch.setattr("observers.alarms.services.read_open_alarms", list)
    watch_alarms(now=after(10))
    assert list_open() == [("camera_offline", NAME)]


@pytest.mark.django_db(transaction=True)
def test_a_pass_leaves_the_work_to_the_one_that_is_at_it(answering: World, every: None) -> None:
    begun, done = threading.Event(), threading.Event()

    def keep_the_turn() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [0x414C524D])
            begun.set()
            done.wait(10)
            cursor.execute("ROLLBACK")
        connections.close_all()

    thread = threading.Thread(target=keep_the_turn)
    thread.start()
    begun.wait(10)
    assert watch_alarms(now=NOW) is None
    done.set()
    thread.join()
    assert watch_alarms(now=NOW) is not None


def test_a_clock_that_was_set_back_closes_no_alarm_before_it_opened(world: World, watch: Watch) -> None:
    want(world.camera)
    outage = lose(world.camera)
    watch()
    outage.delete()
    assert watch(-3600) == []
    assert Alarm.objects.get().closed_at == NOW


def test_without_redis_the_rest_is_told(
    world: World, watch: Watch, settings: Any, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    from django_redis.cache import RedisCache  # noqa: PLC0415 -- of this test alone

    away = RedisCache(f"redis://127.0.0.1:{free_port()}/0", {})
    monkeypatch.setattr("observers.frozen.cache", away)
    monkeypatch.setattr("recording.off_switch.cache", away)
    want(world.camera)
    lose(world.camera)
    assert watch() == [("camera_offline", NAME)]


def test_the_servers_trouble_outlives_a_look_of_the_grace(world: World, watch: Watch) -> None:
    wish_recording(world.camera)
    grace = {"grace_until": after(30), "started": NOW}
    assert watch(0, **grace) == []
    assert watch(31, grace_until=None) == [("wish_not_met", NAME)]
    assert watch(40, **grace) == [("wish_not_met", NAME)]
    set_server(world, reach_changed_at=NOW - timedelta(hours=1))
