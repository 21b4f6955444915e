"""The picture of a moment is that of the moment, of nobody else's camera, and of recorded time only."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cities.models import AuditEntry
from cities.scope import every_city
from ffmpeg.errors import FFmpegTooSlow
from recording.models import Segment
from replay.pictures import frames
from replay.pictures.turns import Busy, Turns
from tests.recording.gaps.conftest import wish
from tests.replay.pictures.conftest import START, Shoot, grey_of, size_of
from tests.world import World


@pytest.fixture
def ask(world: World, api: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for the picture so many seconds after the footage's start."""

    def get(seconds: float, *, as_: Any = None, camera: Any = None, **query: Any) -> Any:
        at = (START + timedelta(seconds=seconds)).isoformat()
        client = api(as_ or world.viewer, world.other_city if as_ == world.stranger else world.city)
        return client.get(f"/api/v1/cameras/{(camera or world.camera).pk}/frame.jpg", {"at": at, **query})

    return get


def at_of(response: Any) -> float:
    """Give the seconds after the start that the picture says it shows."""
    return (datetime.fromisoformat(response["X-Frame-At"]) - START).total_seconds()


@pytest.mark.parametrize(("seconds", "shown"), [(0, 0), (1.999, 0), (2, 2), (7.3, 6), (11.99, 10)])
def test_it_is_the_keyframe_at_or_before_the_moment(recorded: Segment, ask: Any, seconds: float, shown: float) -> None:
    response = ask(seconds)
    assert (response.status_code, response["Content-Type"]) == (200, "image/jpeg")
    assert (at_of(response), round(grey_of(response.content))) == (shown, shown * 10)


@pytest.mark.parametrize(("seconds", "shown"), [(0, 0), (2.99, 2.9), (3, 3), (7.35, 7.3), (11.999, 11.9)])
def test_exactly_it_is_the_very_picture(recorded: Segment, ask: Any, seconds: float, shown: float) -> None:
    response = ask(seconds, exact="1")
    assert (at_of(response), round(grey_of(response.content))) == (shown, round(shown * 10))


def test_of_h265_too(world: World, shoot: Shoot, recorded: Segment, ask: Any) -> None:
    shoot(codec="h265", start=START + timedelta(seconds=20))
    response = ask(27.35, exact="1")
    assert at_of(response) == 27.3
    assert grey_of(response.content) == pytest.approx(73, abs=3)
    assert grey_of(ask(25).content) == pytest.approx(40, abs=3)


def test_a_keyframe_fragments_ago_is_found(shoot: Shoot, recorded: Segment, ask: Any) -> None:
    shoot(codec="rare", start=START + timedelta(seconds=20))
    assert round(grey_of(ask(31.05, exact="1").content)) == 110
    assert at_of(ask(31.05)) == 20


@pytest.mark.parametrize(("seconds", "key"), [(4.5, 2.5), (5.1, 5), (8.05, 7.5), (11.9, 10)])
def test_a_keyframe_inside_a_fragment_is_found(
    shoot: Shoot, recorded: Segment, ask: Any, seconds: float, key: float
) -> None:
    shoot(codec="drifting", start=START + timedelta(seconds=20))
    answers = ask(20 + seconds), ask(20 + seconds, exact="1")
    assert [at_of(each) for each in answers] == [20 + key, 20 + int(seconds * 10) / 10]
    assert [round(grey_of(each.content)) for each in answers] == [key * 10, int(seconds * 10)]


@pytest.mark.parametrize(("width", "size"), [(64, (64, 48)), (100, (100, 76)), (1920, (160, 120))])
def test_it_is_as_wide_as_asked_and_never_larger(recorded: Segment, ask: Any, width: int, size: Any) -> None:
    assert size_of(ask(1, width=width).content) == size


@pytest.mark.parametrize("query", [{"width": 63}, {"width": 1921}, {"width": "x"}, {"width": "-100"}, {"exact": "2"}])
def test_what_cannot_be_is_refused_by_name(recorded: Segment, ask: Any, query: dict[str, Any]) -> None:
    response = ask(1, **query)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, next(iter(query)))


@pytest.mark.parametrize("at", ["", "now", "2026-01-27T09:00:01", "1850-01-01T00:00:00Z"])
def test_a_moment_is_needed(world: World, recorded: Segment, api: Any, at: str) -> None:
    response = api(world.viewer, world.city).get(f"/api/v1/cameras/{world.camera.pk}/frame.jpg", {"at": at})
    assert (response.status_code, response.json()["errors"][0]["field"]) == (400, "at")


def test_without_footage_there_is_a_clear_word(recorded: Segment, ask: Any) -> None:
    response = ask(12)
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")
    assert "may be replayed at that moment" in response.json()["detail"]


def test_a_stranger_finds_no_camera(world: World, recorded: Segment, ask: Any) -> None:
    response = ask(1, as_=world.stranger)
    missing = ask(1, as_=world.stranger, camera=type("Nobody", (), {"pk": "00000000-0000-4000-8000-000000000000"}))
    assert (response.status_code, response.json()) == (404, missing.json())


def test_nothing_outside_a_session_is_shown(world: World, shoot: Shoot, ask: Any) -> None:
    with every_city("a test's footage"):
        wish(world.camera, START + timedelta(seconds=5), START + timedelta(seconds=9))
    shoot()
    assert [ask(second).status_code for second in (4.9, 5, 8.9, 9.1)] == [404, 200, 200, 404]
    # Its keyframe at 4 s lies before the session.
    assert [(at_of(each), round(grey_of(each.content))) for each in [ask(5.55)]] == [(5.5, 55)]
    assert at_of(ask(8.5)) == 8


@pytest.mark.parametrize("state", ["damaged", "deleting"])
def test_neither_damaged_nor_deleted_footage_is_shown(recorded: Segment, ask: Any, state: str) -> None:
    with every_city("a test's footage"):
        Segment.objects.update(state=state, damage="torn", deletion_rule="age")
    assert ask(1).status_code == 404


def test_held_footage_is_found_under_its_other_name(world: World, recorded: Segment, ask: Any) -> None:
    root = Path(world.server.recordings_root)
    (root / ".held/ab").mkdir(parents=True)
    (root / recorded.file).rename(root / ".held/ab/1.mp4")
    with every_city("a test's footage"):
        Segment.objects.update(held_file=".held/ab/1.mp4")
    assert round(grey_of(ask(3).content)) == 20


def test_a_torn_or_missing_file_is_a_word_and_no_failure(world: World, recorded: Segment, ask: Any) -> None:
    file = Path(world.server.recordings_root) / recorded.file
    whole = file.read_bytes()
    answers = []
    for content in (whole[:2000], b"\0" * len(whole), b"", whole[:1500] + b"\xff" * (len(whole) - 1500)):
        file.write_bytes(content)
        answers.append(ask(1).status_code)
    file.unlink()
    answers.append(ask(1).status_code)
    file.symlink_to("/etc/passwd")
    answers.append(ask(1).status_code)
    assert answers == [404] * 6


def test_who_looks_is_written_down_once(world: World, recorded: Segment, ask: Any) -> None:
    for second in (1, 2, 3):
        ask(second)
    with every_city("a test looks at the audit log"):
        entries = AuditEntry.objects.filter(action="footage_viewed")
        assert [(each.city_id, each.actor_id) for each in entries] == [(world.city.pk, world.viewer.pk)]


def test_a_browser_is_told_that_it_has_it(world: World, recorded: Segment, api: Any, ask: Any) -> None:
    first = ask(1)
    client, path = api(world.viewer, world.city), f"/api/v1/cameras/{world.camera.pk}/frame.jpg"
    again = client.get(path, {"at": "2026-01-27T09:00:01Z"}, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, first["Cache-Control"]) == (304, b"", "private, no-cache")


def test_it_is_given_to_whoever_accepts_pictures_only(world: World, recorded: Segment, api: Any) -> None:
    client, path = api(world.viewer, world.city), f"/api/v1/cameras/{world.camera.pk}/frame.jpg"
    assert client.get(path, {"at": "2026-01-27T09:00:01Z"}, headers={"Accept": "image/jpeg"}).status_code == 200


def test_too_slow_and_too_busy_say_come_again(recorded: Segment, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(error: Exception) -> Any:
        def run(*_: Any, **__: Any) -> None:
            raise error

        monkeypatch.setattr(frames, "run_bounded", run)
        return ask(1)

    answers = [fail(FFmpegTooSlow("4 s")), fail(Busy())]
    assert [(each.status_code, each["Retry-After"]) for each in answers] == [(503, "1"), (503, "1")]


def test_one_person_does_not_have_all_the_turns() -> None:
    turns, done = Turns(in_the_house=3, each=2), threading.Event()

    def occupy(who: int, entered: threading.Event) -> None:
        with turns.take(who):
            entered.set()
            done.wait(10)

    entered = [threading.Event() for _ in range(2)]
    holders = [threading.Thread(target=occupy, args=(1, event)) for event in entered]
    for holder in holders:
        holder.start()
    assert all(event.wait(10) for event in entered)
    with pytest.raises(Busy), turns.take(1):
        pass
    done.set()
    for holder in holders:
        holder.join()
    with turns.take(1), turns.take(2):
        assert turns._of == {1: 1, 2: 1}
    assert turns._of == {}
