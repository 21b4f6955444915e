"""The quick looks: what grows, what began and what ended, at the price of a few stats."""

import errno
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cameras.models import Camera, MediaServer
from footage.layout import name_for
from recording import tasks
from recording.clock import start_clock
from recording.models import Segment
from recording.segments import index, looks, reading
from recording.segments.bell import ring_bell
from recording.segments.decisions import DiskFile
from recording.segments.disk import MARKER, list_files
from recording.segments.looks import look_at_cameras, watch_server
from recording.segments.memory import read_file
from tests.recording.segments.conftest import START, Shelf, make_segment, rows
from tests.world import World

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("every")]


@pytest.fixture
def online(world: World) -> Camera:
    """A camera with a picture."""
    Camera.objects.filter(pk=world.camera.pk).update(is_online=True)
    return world.camera


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which files were read."""
    made: list[str] = []

    def note(root: str, file: DiskFile, now: datetime) -> Any:
        made.append(file.name)
        return read_file(root, file, now)

    monkeypatch.setattr(reading, "read_file", note)
    return made


@pytest.fixture
def lists(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which folders were listed."""
    made: list[Any] = []

    def note(root: Path, camera_id: Any) -> Any:
        made.append(camera_id)
        return list_files(root, camera_id)

    monkeypatch.setattr(looks, "list_files", note)
    return made


def settle(shelf: Shelf, camera: Camera, at: datetime | None = None) -> None:
    """Have the folder look as if nothing came or went for a minute."""
    moment = (at or datetime.now(UTC)).timestamp() - 60
    os.utime(shelf.root / camera.stream_id, (moment, moment))


def states() -> list[str]:
    return [row["state"] for row in rows()]


def test_the_open_file_of_an_online_camera_is_seen_and_followed(
    online: Camera, shelf: Shelf, reads: list[str], lists: list[Any]
) -> None:
    now = datetime.now(UTC)
    shelf.put(online, make_segment(fragments=1, closed=False), age=0)
    settle(shelf, online)
    assert watch_server(shelf.server, now).written == 1
    assert lists == [online.pk]
    shelf.put(online, make_segment(fragments=2, closed=False), age=0)
    settle(shelf, online)
    before = len(reads)
    lists.clear()
    watch_server(shelf.server, now + timedelta(seconds=10))
    assert (lists, len(reads) - before) == ([online.pk], 1)  # its folder's time was changed by the test alone
    lists.clear()
    watch_server(shelf.server, now + timedelta(seconds=20))
    assert (lists, len(reads) - before) == ([], 1)
    assert (Segment.objects.get().end - START).seconds == 8


def test_a_folder_that_just_changed_is_listed_again(online: Camera, shelf: Shelf, lists: list[Any]) -> None:
    shelf.put(online, make_segment(), age=0)
    for _ in range(2):
        watch_server(shelf.server, datetime.now(UTC))
    assert lists == [online.pk] * 2


def test_the_last_file_of_a_camera_that_left_is_sealed(world: World, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    file = shelf.put(world.camera, make_segment(fragments=2, closed=False), age=0)
    look_at_cameras(shelf.server, [world.camera.pk], now)
    assert states() == ["open"]
    for later, expected in ((20, "open"), (44, "open"), (46, "ready")):
        watch_server(shelf.server, now + timedelta(seconds=later))
        assert states() == [expected]
    assert Segment.objects.get(file=file).is_recovered is True


def test_a_file_that_was_closed_at_the_same_size_is_sealed_at_once(world: World, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    shelf.put(world.camera, make_segment(closed=False), age=0)
    look_at_cameras(shelf.server, [world.camera.pk], now)
    shelf.put(world.camera, make_segment(closed=True), age=0)
    watch_server(shelf.server, now + timedelta(seconds=1))
    row = Segment.objects.get()
    assert (row.state, row.is_recovered) == ("ready", False)


def test_a_cameras_older_file_is_sealed_once_a_newer_one_is_there(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment(closed=False), age=15)
    at = START + timedelta(minutes=30)
    shelf.put(world.camera, make_segment(at, closed=False, number=1), at=at, age=0)
    look_at_cameras(shelf.server, [world.camera.pk], datetime.now(UTC))
    assert states() == ["ready", "open"]


def test_a_look_costs_few_queries_however_many_cameras_rest(
    world: World, shelf: Shelf, django_assert_max_num_queries: Any
) -> None:
    Camera.objects.bulk_create(
        Camera(city=world.city, media_server=world.server, name=f"camera {number}", is_online=True)
        for number in range(50)
    )
    watch_server(shelf.server, datetime.now(UTC))
    with django_assert_max_num_queries(5):
        watch_server(shelf.server, datetime.now(UTC))


def test_a_new_folder_is_marked_by_the_first_look(world: World, shelf: Shelf) -> None:
    watch_server(shelf.server, datetime.now(UTC))
    assert (shelf.root / MARKER).read_text() == f"{shelf.server.pk}\n"


def test_a_folder_of_another_server_is_left_alone(world: World, shelf: Shelf) -> None:
    watch_server(shelf.server, datetime.now(UTC))
    shelf.put(world.camera, make_segment())
    other = MediaServer.objects.create(name="other", recordings_root=str(shelf.root))
    assert look_at_cameras(other, [world.camera.pk], datetime.now(UTC)) == index.Indexed()
    assert rows() == []


def test_a_missing_folder_of_recordings_is_a_warning(
    online: Camera, shelf: Shelf, caplog: pytest.LogCaptureFixture
) -> None:
    MediaServer.objects.update(recordings_root=str(shelf.root / "absent"))
    watch_server(MediaServer.objects.get(), datetime.now(UTC))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_the_task_of_a_hook_silences_the_bell_and_looks(world: World, shelf: Shelf) -> None:
    shelf.put(world.camera, make_segment())
    assert [ring_bell(world.camera.pk), ring_bell(world.camera.pk)] == [True, False]
    tasks.index_camera_footage(str(world.camera.pk))
    assert ring_bell(world.camera.pk) is True
    assert states() == ["ready"]


@pytest.mark.parametrize("task", [tasks.watch_server_footage, tasks.reconcile_server_footage])
def test_the_tasks_of_beat_index(online: Camera, shelf: Shelf, task: Callable[[int], None]) -> None:
    shelf.put(online, make_segment())
    task(shelf.server.pk)
    assert states() == ["ready"]
    task(shelf.server.pk + 1)


@pytest.mark.parametrize(
    ("order", "work", "expires"),
    [
        (tasks.watch_footage, tasks.watch_server_footage, 9),
        (tasks.reconcile_footage, tasks.reconcile_server_footage, 3500),
    ],
)
def test_every_server_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch, order: Any, work: Any, expires: int
) -> None:
    ordered: list[Any] = []
    monkeypatch.setattr(work, "apply_async", lambda arguments, **options: ordered.append((arguments, options)))
    order()
    assert ordered == [((world.server.pk,), {"expires": expires})]


def test_a_first_look_that_finds_much_leaves_the_rest_to_the_next(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, lists: list[Any]
) -> None:
    cameras = Camera.objects.bulk_create(
        Camera(city=world.city, media_server=world.server, name=f"camera {number}", is_online=True)
        for number in range(45)
    )
    for camera in cameras:
        shelf.put(camera, make_segment(fragments=1))
        settle(shelf, camera)
    monkeypatch.setattr(looks, "LONGEST_LOOK", timedelta(seconds=-1))
    seen = []
    for _ in range(4):
        watch_server(shelf.server, datetime.now(UTC))
        seen.append(len(rows()))
    assert seen == [20, 40, 45, 45]
    assert len(lists) == 45


def test_what_is_written_during_a_long_pass_is_not_taken_for_finished(
    world: World, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[0])
    began = datetime.now(UTC)
    clock = start_clock(began)
    seconds[0] = 300.0
    file = shelf.put(world.camera, make_segment(closed=False), age=-300)
    look_at_cameras(shelf.server, [world.camera.pk], clock())
    assert Segment.objects.get(file=file).state == "open"


def test_a_file_that_goes_on_after_a_pause_is_followed_again(online: Camera, shelf: Shelf, lists: list[Any]) -> None:
    now = datetime.now(UTC)
    begun, seen = now - timedelta(hours=24), []
    for fragments, age in ((3, 20), (3, 60), (7, 0), (7, 60), (8, 60)):
        shelf.put(online, make_segment(begun, fragments=fragments, closed=False), at=begun, age=age)
        settle(shelf, online, at=now)
        watch_server(shelf.server, datetime.now(UTC))
        row = Segment.objects.get()
        seen.append((row.state, row.is_recovered, (row.end - row.start).seconds))
    assert seen == [
        ("open", False, 12),
        ("ready", True, 12),
        ("open", False, 28),
        ("ready", True, 28),
        ("ready", True, 32),
    ]
    assert lists == [online.pk]


def test_a_file_whose_first_fragment_came_late_is_followed(online: Camera, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    begun, seen = now - timedelta(minutes=2), []
    for content, age in ((b"", 60), (make_segment(begun, fragments=2, closed=False), 0)):
        shelf.put(online, content, at=begun, age=age)
        settle(shelf, online, at=now)
        watch_server(shelf.server, datetime.now(UTC))
        seen += states()
    assert seen == ["damaged", "open"]


def test_a_file_that_is_closed_after_a_pause_is_no_recovered_one(online: Camera, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    begun, seen = now - timedelta(minutes=2), []
    for is_closed, age in ((False, 60), (True, 0)):
        shelf.put(online, make_segment(begun, closed=is_closed), at=begun, age=age)
        settle(shelf, online, at=now)
        watch_server(shelf.server, datetime.now(UTC))
        seen.append(Segment.objects.values_list("state", "is_recovered").get())
    assert seen == [("ready", True), ("ready", False)]


def test_only_a_cameras_newest_unclosed_file_may_go_on(online: Camera, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    moments = [now - timedelta(minutes=minutes) for minutes in (90, 60, 30)]
    for at in moments[:2]:
        shelf.put(online, make_segment(at, closed=False), at=at)
    look_at_cameras(shelf.server, [online.pk], now)
    since = now - timedelta(hours=1)
    newest = [f"{online.stream_id}/{name_for(moments[1])}"]
    assert [row.file for row in index.silent_files(shelf.server.pk, since)] == newest
    assert index.silent_files(shelf.server.pk, since + timedelta(seconds=1)) == []
    assert index.silent_files(shelf.server.pk + 1, since) == []
    shelf.put(online, make_segment(moments[2]), at=moments[2])
    look_at_cameras(shelf.server, [online.pk], now)
    assert index.silent_files(shelf.server.pk, since) == []


def test_one_bad_inode_hides_none_of_its_cameras_footage(
    online: Camera, shelf: Shelf, refused: set[str], caplog: pytest.LogCaptureFixture
) -> None:
    bad = shelf.put(online, make_segment())
    refused.add(bad.rpartition("/")[2])
    seen = []
    for hour in (1, 2):
        moment = START + timedelta(hours=hour)
        shelf.put(online, make_segment(moment), at=moment)
        watch_server(shelf.server, datetime.now(UTC))
        seen.append(len(rows()))
    assert seen == [1, 2]
    assert caplog.messages == [f"{bad} cannot be looked at: {os.strerror(errno.EUCLEAN)}"]
    refused.clear()
    look_at_cameras(shelf.server, [online.pk], datetime.now(UTC))
    assert (states(), looks._told) == (["ready"] * 3, {})


@pytest.mark.parametrize("room", [index, looks])
def test_what_was_refused_once_is_seen_by_the_next_look(
    online: Camera, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, room: Any
) -> None:
    """The folder's time tells nothing of it: no file came or went meanwhile."""
    shelf.put(online, make_segment(), age=30)
    settle(shelf, online)
    disk, calls = {index: "sync_files", looks: "list_files"}[room], []
    work = getattr(room, disk)

    def refuse_once(*arguments: Any) -> Any:
        calls.append(arguments)
        if len(calls) > 1:
            return work(*arguments)
        if room is index:
            return [file.file for file in arguments[1]]
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(room, disk, refuse_once)
    seen = []
    for is_online in (True, False, False):
        Camera.objects.update(is_online=is_online)
        watch_server(shelf.server, datetime.now(UTC))
        seen.append(len(rows()))
    assert (seen, len(calls)) == ([0, 1, 1], 2)


def test_what_is_refused_for_good_is_asked_for_more_and_more_seldom(
    online: Camera, shelf: Shelf, refused: set[str], lists: list[Any]
) -> None:
    refused.add(shelf.put(online, make_segment()).rpartition("/")[2])
    settle(shelf, online)
    listed = []
    for _ in range(16):
        watch_server(shelf.server, datetime.now(UTC))
        listed.append(len(lists))
    assert listed == [1, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4, 5]


def test_a_disk_that_goes_during_a_look_is_not_remembered(
    online: Camera, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf.put(online, make_segment())
    settle(shelf, online)
    answers = iter([True, False])
    monkeypatch.setattr(looks, "_may_look", lambda _server: next(answers, True))
    watch_server(shelf.server, datetime.now(UTC))
    assert rows() == []
    watch_server(shelf.server, datetime.now(UTC))
    assert states() == ["ready"]
