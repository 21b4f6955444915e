"""Previews are made once, by whoever claims them, of recorded time only; they go with their footage or without room."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from celery import current_app
from django.db import connection
from django.test.utils import CaptureQueriesContext
from kombu.exceptions import OperationalError as BrokerError

from cities.scope import city_scope, every_city
from footage.packing import pack_fragments, unpack_fragments
from recording.models import Segment
from replay.models import PictureState, SegmentPicture
from replay.pictures import making, shelf, tasks
from replay.pictures.shelf import Picture, Place, choose_to_drop
from tests.recording.gaps.conftest import wish
from tests.replay.pictures.conftest import START, Shoot, grey_of, size_of
from tests.world import World

NOW = START + timedelta(hours=1)
TOLD: list[Any] = []


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a tree of pictures for each test, and orders that go nowhere but into a list."""
    settings.VMS_DATA = tmp_path / "data"
    TOLD.clear()
    monkeypatch.setattr(current_app, "send_task", lambda _, args, **__: TOLD.append(args))


@pytest.fixture
def ask(world: World, api: Callable[..., Any], django_capture_on_commit_callbacks: Any) -> Callable[..., Any]:
    """Ask for the previews of an hour."""

    def get(*, as_: Any = None, camera: Any = None, **query: Any) -> Any:
        client = api(as_ or world.viewer, world.other_city if as_ == world.stranger else world.city)
        asked = {"from": START.isoformat(), "to": (START + timedelta(hours=1)).isoformat()} | query
        with django_capture_on_commit_callbacks(execute=True):
            return client.get(f"/api/v1/cameras/{(camera or world.camera).pk}/previews", asked)

    return get


def work_off() -> None:
    """Do what a worker is told."""
    for picture_id, city_id in TOLD:
        tasks.make_previews(picture_id, city_id)
    TOLD.clear()


def sheets() -> list[SegmentPicture]:
    with every_city("a test looks at all rows"):
        return list(SegmentPicture.objects.order_by("segment__start"))


def test_what_is_missing_is_ordered_once_and_then_there(recorded: Segment, ask: Any, client: Any) -> None:
    first, second = ask(), ask()
    assert [(each.status_code, each.json()) for each in (first, second)] == [(200, {"tiles": [], "pending": 1})] * 2
    assert len(TOLD) == 1
    work_off()
    (tile,) = ask().json()["tiles"]
    assert {name: tile[name] for name in ("start", "end", "columns", "rows", "width", "height", "seconds")} == {
        "start": "2026-01-27T09:00:00Z",
        "end": "2026-01-27T09:00:12Z",
        "columns": 2,
        "rows": 1,
        "width": 160,
        "height": 120,
        "seconds": 10,
    }
    sheet = client.get(tile["url"])
    picture = sheet.getvalue()
    assert (sheet.status_code, sheet["Content-Type"], size_of(picture)) == (200, "image/jpeg", (320, 120))
    assert [grey_of(picture, 0.25), grey_of(picture, 0.75)] == [pytest.approx(0, abs=2), pytest.approx(0, abs=2)]


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_a_tile_shows_the_first_keyframe_of_its_time(
    recorded: Segment, shoot: Shoot, ask: Any, client: Any, codec: str
) -> None:
    segment = shoot(codec=codec, start=START + timedelta(minutes=10))
    # As if the fragments, each with a keyframe at its beginning, were twelve seconds apart.
    apart = [
        each._replace(start=timedelta(seconds=12 * number))
        for number, each in enumerate(unpack_fragments(segment.fragments))
    ]
    with every_city("a test's footage"):
        end = segment.start + timedelta(seconds=28)
        Segment.objects.filter(pk=segment.pk).update(fragments=pack_fragments(apart), end=end)
    ask()
    work_off()
    picture = client.get(ask().json()["tiles"][1]["url"]).getvalue()
    assert [round(grey_of(picture, x), -1) for x in (1 / 6, 3 / 6, 5 / 6)] == [0, 40, 80]


def test_previews_of_a_stranger(world: World, recorded: Segment, ask: Any) -> None:
    assert ask(as_=world.stranger).status_code == 404
    assert (sheets(), TOLD) == ([], [])


def test_an_address_is_its_persons_own_and_ends_with_their_right(
    world: World, recorded: Segment, ask: Any, client: Any
) -> None:
    ask()
    work_off()
    url = ask().json()["tiles"][0]["url"]
    forged = url.replace("/footage/", "/footage/A")
    assert [client.get(each).status_code for each in (url, forged)] == [200, 403]
    world.viewer.is_active = False
    world.viewer.save()
    assert client.get(url).status_code == 404


def test_an_address_stays_the_same_for_a_browser_to_keep(recorded: Segment, ask: Any) -> None:
    ask()
    work_off()
    assert ask().json() == ask().json()


def test_nothing_outside_a_session_is_on_a_sheet(world: World, shoot: Shoot, ask: Any, client: Any) -> None:
    with every_city("a test's footage"):
        wish(world.camera, START + timedelta(seconds=3), START + timedelta(seconds=9))
    shoot()
    ask()
    work_off()
    picture = client.get(ask().json()["tiles"][0]["url"]).getvalue()
    assert [round(grey_of(picture, x)) for x in (0.25, 0.75)] == [pytest.approx(40, abs=2)] * 2


@pytest.mark.parametrize("state", ["damaged", "deleting"])
def test_segments_that_may_not_be_replayed_have_none(recorded: Segment, ask: Any, client: Any, state: str) -> None:
    ask()
    work_off()
    url = ask().json()["tiles"][0]["url"]
    with every_city("a test's footage"):
        Segment.objects.update(state=state, damage="torn", deletion_rule="age")
    assert ask().json() == {"tiles": [], "pending": 0}
    assert client.get(url).status_code == 404
    tasks.sweep_pictures()
    assert (sheets(), list(shelf.list_pictures())) == ([], [])


def test_previews_go_when_the_segments_row_goes(recorded: Segment, ask: Any) -> None:
    ask()
    work_off()
    with every_city("a test's footage"):
        Segment.objects.all().delete()
    tasks.sweep_pictures()
    assert (sheets(), list(shelf.list_pictures())) == ([], [])


def test_two_workers_make_it_once(recorded: Segment, ask: Any) -> None:
    ask()
    ((picture_id, city_id),) = TOLD
    with city_scope(recorded.city_id):
        claims = [making.claim(picture_id, NOW), making.claim(picture_id, NOW)]
    assert [claim is not None for claim in claims] == [True, False]
    tasks.make_previews(picture_id, city_id)
    assert [each.state for each in sheets()] == [PictureState.MAKING]


def test_a_lost_task_is_found_by_the_sweep(recorded: Segment, ask: Any) -> None:
    ask()
    TOLD.clear()
    tasks.sweep_pictures()
    assert [picture_id for picture_id, _ in TOLD] == [each.pk for each in sheets()]


def test_what_ends_its_worker_is_tried_three_times(recorded: Segment, ask: Any) -> None:
    ask()
    ((picture_id, _),) = TOLD
    states = []
    for round_ in range(3):
        with every_city("a test plays the worker that dies"):
            making.claim(picture_id, NOW + timedelta(hours=round_))
            making.reclaim_lost(NOW + timedelta(hours=round_, minutes=4))
        states.append(sheets()[0].state)
    assert states == ["wanted", "wanted", "failed"]


def test_torn_files_fail_and_are_no_longer_pending(world: World, recorded: Segment, ask: Any) -> None:
    file = Path(world.server.recordings_root) / recorded.file
    file.write_bytes(file.read_bytes()[:1000])
    answers = []
    for _ in range(3):
        answers.append(ask().json()["pending"])
        work_off()
        tasks.sweep_pictures()
    assert (answers[0], ask().json()["pending"], sheets()[0].state) == (1, 0, "failed")


def test_a_torn_fragment_costs_its_tile_only(world: World, recorded: Segment, ask: Any, client: Any) -> None:
    file = Path(world.server.recordings_root) / recorded.file
    fragments = [
        each._replace(start=timedelta(seconds=12 * number))
        for number, each in enumerate(unpack_fragments(recorded.fragments))
    ]
    with every_city("a test's footage"):
        Segment.objects.update(fragments=pack_fragments(fragments), end=START + timedelta(seconds=28))
    with file.open("r+b") as opened:
        opened.seek(fragments[1].offset)
        opened.write(bytes(fragments[1].size))
    ask()
    work_off()
    picture = client.get(ask().json()["tiles"][0]["url"]).getvalue()
    assert [round(grey_of(picture, x)) for x in (1 / 6, 3 / 6, 5 / 6)] == [0, 0, 80]


def test_a_growing_segment_is_made_anew_once_a_minute_at_most(recorded: Segment, ask: Any, monkeypatch: Any) -> None:
    with every_city("a test's footage"):
        part = unpack_fragments(recorded.fragments)[:1]
        Segment.objects.update(state="open", fragments=pack_fragments(part), end=START + timedelta(seconds=4))
    ask()
    work_off()
    with every_city("a test's footage"):
        Segment.objects.update(fragments=recorded.fragments, end=START + timedelta(seconds=14))
    assert ask().json()["tiles"][0]["end"] == "2026-01-27T09:00:04Z"
    assert TOLD == []
    with every_city("a test's footage"):
        SegmentPicture.objects.update(made_at=NOW - timedelta(days=1))
    assert (len(ask().json()["tiles"]), len(TOLD)) == (1, 1)
    work_off()
    answer = ask().json()
    assert (answer["tiles"][0]["end"], answer["pending"], TOLD) == ("2026-01-27T09:00:14Z", 0, [])


def test_the_longest_unasked_go_first_when_there_is_no_room(
    world: World, recorded: Segment, shoot: Shoot, ask: Any, settings: Any
) -> None:
    shoot(start=START + timedelta(seconds=20))
    ask()
    work_off()
    old, new = sheets()
    path = Place(old.city_id, old.camera_id).sheet(old.segment_id)
    os.utime(path, (1_000_000, 1_000_000))
    settings.VMS_PICTURES_BYTES = path.stat().st_size + 10
    tasks.sweep_pictures()
    assert [each.pk for each in sheets()] == [new.pk]
    assert [each.segment_id for each in shelf.list_pictures()] == [new.segment_id]
    assert ask().json()["pending"] == 1


def test_a_sheet_that_somebody_deleted_is_made_again(recorded: Segment, ask: Any) -> None:
    ask()
    work_off()
    for picture in shelf.list_pictures():
        picture.path.unlink()
    assert ask().json() == {"tiles": [], "pending": 1}
    work_off()
    assert len(ask().json()["tiles"]) == 1


def test_strange_files_go_and_arriving_ones_stay(recorded: Segment, world: World) -> None:
    folder = Place(world.city.pk, world.camera.pk).folder
    shelf.put(folder / "99.jpg", b"of a segment that is gone")
    for name in ("passwords.txt", f"{shelf.ASIDE}young", f"{shelf.ASIDE}old"):
        (folder / name).write_bytes(b"x")
    os.utime(folder / f"{shelf.ASIDE}old", (1_000_000, 1_000_000))
    tasks.sweep_pictures()
    assert [each.path.name for each in shelf.list_pictures()] == [f"{shelf.ASIDE}young"]


def test_without_a_broker_the_order_stands(recorded: Segment, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise BrokerError("away")

    monkeypatch.setattr(current_app, "send_task", refuse)
    answer = ask()
    assert (answer.status_code, answer.json()["pending"], len(sheets())) == (200, 1, 1)


def test_the_number_of_queries_does_not_depend_on_the_footage(recorded: Segment, shoot: Shoot, ask: Any) -> None:
    counts = []
    for seconds in (20, 40, 60):
        ask()
        work_off()
        ask()  # writes down who looks, once
        with CaptureQueriesContext(connection) as queries:
            ask()
        counts.append(len(queries))
        shoot(start=START + timedelta(seconds=seconds))
    assert len(set(counts)) == 1


def test_bad_windows_are_refused_by_name(recorded: Segment, ask: Any) -> None:
    answers = [ask(**{"from": ""}), ask(**{"from": "x"}), ask(to="2020-01-01T00:00:00Z")]
    assert [(each.status_code, each.json()["errors"][0]["field"]) for each in answers] == [
        (400, "from"),
        (400, "from"),
        (400, "to"),
    ]


def test_what_goes_is_no_more_than_must() -> None:
    pictures = [Picture(Path(f"{age}.jpg"), 10, float(age), age) for age in (3, 1, 2)]
    assert [choose_to_drop(pictures, most) for most in (30, 20, 15, 0)] == [
        [],
        [pictures[1]],
        [pictures[1], pictures[2]],
        [pictures[1], pictures[2], pictures[0]],
    ]
