"""The observer on the real database: what it writes, what it leaves alone, whom it tells."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from cameras.models import Camera, CameraState, MediaServer
from cities.scope import every_city
from mediamtx.names import stream_id_for
from observers import decisions, queries, unknown
from observers.models import UnknownPath
from observers.observer import Observation, PathCallbacks, PathObserver
from observers.queries import PathChange
from tests.fakes.mediamtx import (
    FakeMediaMTX,
    Reply,
    Script,
    deny_info,
    describe_path,
    refuse,
    say,
    stay_silent,
    write_page,
)
from tests.real import wait_until
from tests.world import World

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _every_city() -> Iterator[None]:
    with every_city("these tests look at all rows"):
        yield


@pytest.fixture
def look(world: World, fake: FakeMediaMTX, now: datetime) -> Callable[..., Observation]:
    """Look at the fake so many seconds after the fixed moment."""

    def look_after(seconds: float = 0, callbacks: PathCallbacks | None = None) -> Observation:
        return PathObserver(world.server.pk, fake.url, callbacks).observe(now=now + timedelta(seconds=seconds))

    return look_after


def after(now: datetime, seconds: float) -> datetime:
    return now + timedelta(seconds=seconds)


def test_a_camera_comes_and_goes(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    came = look()
    assert came.created == (PathChange(world.camera.pk, world.city.pk, "Market square", True, now),)
    assert (came.removed, came.camera_rows_written, came.reach) == ((), 1, "reachable")
    camera = Camera.objects.select_related("media_server").get(pk=world.camera.pk)
    assert (camera.state, camera.online_changed_at, camera.last_seen_at) == (CameraState.ONLINE, now, now)
    assert look(10).camera_rows_written == 0
    fake.show()
    went = look(20)
    assert went.removed == (PathChange(world.camera.pk, world.city.pk, "Market square", False, after(now, 20)),)
    camera.refresh_from_db()
    assert camera.state == CameraState.OFFLINE
    assert (camera.online_changed_at, camera.last_seen_at) == (after(now, 20), after(now, 10))


def test_the_whole_list_is_asked_for_once_and_before_the_info(
    fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    look()
    assert fake.questions == ["/v3/paths/list?itemsPerPage=100000", "/v3/info"]


def test_a_path_without_a_picture_is_offline(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.page = write_page(
        [
            describe_path(world.camera.stream_id, available=False, online=True),
            describe_path(world.foreign_camera.stream_id, available=True, online=False),
            describe_path("a-viewer-waits", available=False, online=False),
        ]
    )
    assert look().camera_rows_written == 0
    assert list(UnknownPath.objects.all()) == []


@pytest.mark.parametrize(
    ("misbehave", "problem"),
    [
        (refuse(401), "answered 401"),
        (refuse(403), "answered 403"),
        (refuse(404), "answered 404"),
        (refuse(500), "answered 500"),
        (refuse(503), "answered 503"),
        (say(b"<html>It works!</html>"), "something other"),
        (say(b""), "something other"),
        (say(b'{"itemCount":0,"pageCount":0,"items":null}'), "something other"),
        (say(write_page([describe_path("a")]), cut=20), "gave no answer"),
        (say(write_page([describe_path("a")])[:-20]), "something other"),
        (say(write_page([describe_path("a")], itemCount=2)), "announced 2"),
        (say(write_page([describe_path("a"), describe_path("a")])), "twice"),
        (say(b'{"itemCount":1,"items":[{"name":"a"}]}'), "something other"),
        (deny_info, "answered 500"),
    ],
)
def test_no_valid_answer_moves_no_camera(  # noqa: PLR0917 -- fixtures are arguments
    world: World,
    fake: FakeMediaMTX,
    look: Callable[..., Observation],
    now: datetime,
    misbehave: Script,
    problem: str,
) -> None:
    fake.show(world.camera.stream_id)
    look()
    fake.script = misbehave
    silent = look(10)
    assert (silent.reach, silent.camera_rows_written) == ("unreachable", 0)
    camera = Camera.objects.select_related("media_server").get(pk=world.camera.pk)
    assert (camera.is_online, camera.state) == (True, CameraState.UNKNOWN)
    server = camera.media_server
    assert (server.reach_changed_at, server.snapshot_at) == (after(now, 10), now)
    assert problem in server.problem
    fake.script = None
    assert look(20).camera_rows_written == 0
    camera.refresh_from_db()
    assert camera.state == CameraState.ONLINE
    assert camera.media_server.problem == ""


@pytest.mark.slow
def test_a_server_that_says_nothing_is_given_up_in_time(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.show(world.camera.stream_id)
    look()
    fake.script = stay_silent
    began = time.monotonic()
    assert look(10).reach == "unreachable"
    assert time.monotonic() - began < 9


def test_a_server_that_is_gone_or_has_no_address_is_unreachable(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    look()
    fake.stop()
    assert look(10).reach == "unreachable"
    assert PathObserver(world.server.pk, "no address").observe(now=after(now, 20)).reach == "unreachable"
    assert Camera.objects.get(pk=world.camera.pk).is_online is True


def test_an_empty_list_is_an_answer(world: World, fake: FakeMediaMTX, look: Callable[..., Observation]) -> None:
    fake.show(world.camera.stream_id, world.foreign_camera.stream_id)
    look()
    fake.show()
    assert {change.camera_id for change in look(10).removed} == {world.camera.pk, world.foreign_camera.pk}


def test_after_a_restart_cameras_may_come_but_not_go(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    look()
    fake.script = refuse(500)
    look(300)
    fake.script = None
    fake.started = after(now, 305)
    fake.show(world.foreign_camera.stream_id)
    returned = look(310)
    assert (returned.restarted, len(returned.created), len(returned.removed)) == (True, 1, 0)
    assert look(369).camera_rows_written == 0
    assert [change.camera_id for change in look(370).removed] == [world.camera.pk]
    lost = Camera.objects.get(pk=world.camera.pk)
    assert (lost.last_seen_at, lost.online_changed_at) == (now, after(now, 370))


def test_the_grace_ends_when_everybody_is_back(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    both = (world.camera.stream_id, world.foreign_camera.stream_id)
    fake.show(*both)
    look()
    fake.started = after(now, 5)
    look(10)  # the old process's list with the new one's start: nothing is proven yet
    fake.show(both[0])
    assert look(15).removed == ()
    fake.show(*both)
    look(20)
    world.server.refresh_from_db()
    assert (world.server.grace_until, world.server.seen_before_grace) == (None, None)
    fake.show(both[0])
    assert [change.camera_id for change in look(30).removed] == [world.foreign_camera.pk]
    assert Camera.objects.get(pk=world.foreign_camera.pk).last_seen_at == after(now, 20)


def test_a_look_that_comes_late_or_twice_changes_nothing(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    look(10)
    fake.show()
    for late in (9, 10, 0):
        assert look(late) == Observation(reach="reachable", applied=False)
    fake.script = refuse(500)
    assert look(9) == Observation(reach="reachable", applied=False)
    assert Camera.objects.get(pk=world.camera.pk).is_online is True


def test_an_answer_that_got_old_while_its_worker_slept_is_thrown_away(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], monkeypatch: pytest.MonkeyPatch
) -> None:
    fake.show(world.camera.stream_id)
    began = time.monotonic()
    moments = iter([began, began + decisions.MAX_ANSWER_AGE_SECONDS + 1])
    monkeypatch.setattr("observers.observer.time", type("Clock", (), {"monotonic": lambda: next(moments)}))
    assert look() == Observation(reach="reachable", applied=False)
    assert Camera.objects.get(pk=world.camera.pk).is_online is False


def test_a_clock_that_was_set_back_does_not_blind_us(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.show(world.camera.stream_id)
    look()
    fake.show()
    assert len(look(-3600).removed) == 1


def test_looks_at_the_same_time_tell_each_change_once(world: World, fake: FakeMediaMTX, now: datetime) -> None:
    fake.show(world.camera.stream_id, world.foreign_camera.stream_id)
    told: list[PathChange] = []
    callbacks = PathCallbacks(created=[told.append], removed=[told.append])
    barrier = threading.Barrier(4)

    def observe(number: int) -> None:
        barrier.wait(10)
        try:
            with every_city("a look, in a thread of its own"):
                PathObserver(world.server.pk, fake.url, callbacks).observe(now=after(now, number / 100))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=observe, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert sorted(change.name for change in told) == ["Market square", "Secret harbour"]
    assert set(Camera.objects.values_list("is_online", flat=True)) == {True}


def test_a_look_waits_for_the_one_that_is_applying_and_finds_itself_outdated(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    fake.show(world.camera.stream_id)
    held, asked = threading.Event(), threading.Event()

    def apply_a_newer_one() -> None:
        with transaction.atomic():
            MediaServer.objects.filter(pk=world.server.pk).update(snapshot_at=after(now, 5))
            held.set()
            asked.wait(10)
            wait_until(somebody_waits, "the look waits for the server's row")
        connections.close_all()

    fake.script = lambda _fake, target: asked.set() if target == "/v3/info" else None
    thread = threading.Thread(target=apply_a_newer_one)
    thread.start()
    assert held.wait(10)
    assert look() == Observation(reach="reachable", applied=False)
    thread.join(10)
    assert Camera.objects.get(pk=world.camera.pk).is_online is False


def somebody_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid())")
        return bool(cursor.fetchone()[0])


def test_a_camera_that_someone_holds_does_not_hold_the_others(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.show(world.camera.stream_id, world.foreign_camera.stream_id)
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with every_city("a hanging transaction"), transaction.atomic():
            Camera.objects.select_for_update().get(pk=world.camera.pk)
            held.set()
            let_go.wait(20)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert held.wait(10)
    try:
        assert [change.name for change in look().created] == ["Secret harbour"]
    finally:
        let_go.set()
        thread.join(10)
    assert [change.name for change in look(10).created] == ["Market square"]


def test_a_removed_camera_is_left_alone_and_its_path_is_unknown(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    Camera.objects.filter(pk=world.camera.pk).update(removed_at=now)
    fake.show(world.camera.stream_id)
    seen = look()
    assert (seen.camera_rows_written, seen.unknown_paths) == (0, (world.camera.stream_id,))


def test_a_camera_of_another_server_is_not_touched_and_its_path_is_unknown(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    elsewhere = MediaServer.objects.create(name="elsewhere", api_url="http://127.0.0.1:1")
    Camera.objects.filter(pk=world.camera.pk).update(media_server=elsewhere, is_online=True)
    fake.show(world.foreign_camera.stream_id)
    assert [change.name for change in look().created] == ["Secret harbour"]
    assert Camera.objects.get(pk=world.camera.pk).is_online is True
    fake.show(world.foreign_camera.stream_id, world.camera.stream_id)
    assert look(10).unknown_paths == (world.camera.stream_id,)


def test_unknown_paths_come_go_and_come_back(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    stray = stream_id_for(uuid4())
    odd = f"stream_{str(world.camera.pk).upper()}"
    fake.show(world.camera.stream_id, stray, odd, "lobby")
    seen = look()
    assert (set(seen.unknown_paths), seen.unknown_count) == ({stray, odd, "lobby"}, 3)
    fake.show("lobby")
    look(10)
    rows = UnknownPath.objects.order_by("name").values_list("name", "first_seen_at", "gone_at")
    assert set(rows) == {("lobby", now, None), (stray, now, after(now, 10)), (odd, now, after(now, 10))}
    fake.show("lobby", stray)
    look(20)
    assert set(rows.all()) == {("lobby", now, None), (stray, now, None), (odd, now, after(now, 10))}


def test_a_path_becomes_known_when_its_camera_is_added(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    new = uuid4()
    fake.show(stream_id_for(new))
    look()
    Camera.objects.create(pk=new, city=world.city, media_server=world.server, name="New bridge")
    seen = look(10)
    assert (seen.unknown_count, [change.name for change in seen.created]) == (0, ["New bridge"])
    assert UnknownPath.objects.get().gone_at == after(now, 10)


def test_unknown_paths_stay_bounded(
    fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unknown, "MOST_KEPT", 3)
    fake.page = write_page(describe_path(f"p{number}", since=after(now, number - 100)) for number in range(8))
    seen = look()
    assert (seen.unknown_paths, seen.unknown_count) == (("p7", "p6", "p5"), 8)
    fake.show("q0", "q1")
    look(10)
    assert set(UnknownPath.objects.filter(gone_at=None).values_list("name", flat=True)) == {"q0", "q1"}
    assert UnknownPath.objects.count() == 3


def test_hostile_path_names_do_no_harm(world: World, fake: FakeMediaMTX, look: Callable[..., Observation]) -> None:
    names = ["x" * 5000, "nul\0byte", "'; DROP TABLE cameras_camera; --", "{a,b}", "stream_", "stream_{}", "ünï", "%s"]
    fake.show(world.camera.stream_id, *names)
    seen = look()
    assert (seen.unknown_count, [change.name for change in seen.created]) == (8, ["Market square"])
    assert UnknownPath.objects.filter(name="nul?byte").count() == 1
    assert look(10).camera_rows_written == 0


def test_callbacks_are_told_after_commit_and_one_that_fails_stops_nothing(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation], now: datetime
) -> None:
    told: list[Any] = []

    def fail(change: PathChange) -> None:
        raise ZeroDivisionError(change.name)

    def tell(change: PathChange) -> None:
        told.append((change.name, change.is_online, transaction.get_connection().in_atomic_block))

    observer = PathObserver(world.server.pk, fake.url)
    observer.on_path_created(fail)
    observer.on_path_created(tell)
    observer.on_path_removed(fail)
    observer.on_path_removed(tell)
    fake.show(world.camera.stream_id)
    observer.observe(now=now)
    fake.show()
    observer.observe(now=after(now, 10))
    assert told == [("Market square", True, False), ("Market square", False, False)]


def test_nothing_changed_writes_the_servers_row_and_no_other(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.show(world.camera.stream_id, "lobby")
    look()
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert look(10).camera_rows_written == 0
    written = [query["sql"].split()[1] for query in captured if query["sql"].startswith(("UPDATE", "INSERT", "DELETE"))]
    assert written == ['"cameras_mediaserver"']


@pytest.mark.slow
def test_ten_thousand_paths_cost_as_many_queries_as_two(
    world: World, fake: FakeMediaMTX, look: Callable[..., Observation]
) -> None:
    fake.show(world.camera.stream_id, world.foreign_camera.stream_id)
    with CaptureQueriesContext(connection) as few:
        look()
    cameras = [Camera(city=world.city, media_server=world.server, name=f"camera {number}") for number in range(10_000)]
    Camera.objects.bulk_create(cameras, batch_size=2_000)
    fake.show(*(camera.stream_id for camera in cameras))
    with CaptureQueriesContext(connection) as many:
        seen = look(10)
    assert (len(seen.created), len(seen.removed)) == (10_000, 2)
    assert len(many) == len(few)
    assert look(20).camera_rows_written == 0


def test_what_is_logged(
    world: World,
    fake: FakeMediaMTX,
    look: Callable[..., Observation],
    now: datetime,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    fake.show(world.camera.stream_id)
    look()
    fake.show()
    look(10)
    look(20)
    fake.script = refuse(500)
    look(30)
    look(40)
    fake.script = None
    fake.started = after(now, 45)
    look(50)
    lines = [
        (record.levelname, record.getMessage()) for record in caplog.records if record.name.startswith("observers")
    ]
    camera = f"camera {world.camera.pk} (Market square)"
    where = fake.url.removeprefix("http://")
    answered = f"MediaMTX at {where} answered 500 Internal Server Error to /v3/paths/list?itemsPerPage=100000"
    assert lines == [
        ("INFO", f"{camera} is online"),
        ("INFO", f"{camera} is offline"),
        ("WARNING", f"media server main is unreachable, the state of its cameras is unknown: {answered}"),
        ("INFO", f"media server main was restarted at {after(now, 45)}; no camera goes offline for a while"),
        ("INFO", "media server main is reachable"),
    ]


def test_the_statements_give_what_they_touched(world: World, now: datetime) -> None:
    ids = [str(world.camera.pk), str(uuid4())]
    changes = queries.write_changed_cameras(
        world.server.pk, ids, at=now, last_seen_at=None, may_go_offline=True, look=1
    )
    assert [change.camera_id for change in changes] == [world.camera.pk]
    assert queries.anyone_missing(world.server.pk, ids) is False
    assert queries.anyone_missing(world.server.pk, []) is True
    assert queries.find_ids_of_no_camera(world.server.pk, ids) == ids[1:]
    assert (
        queries.write_changed_cameras(world.server.pk, [], at=now, last_seen_at=None, may_go_offline=False, look=2)
        == []
    )


def test_an_answer_can_be_scripted(fake: FakeMediaMTX) -> None:
    fake.script = lambda _fake, _target: Reply(b"x", status=418)
    assert fake.reply_to("/v3/info") == Reply(b"x", status=418)
