"""Footage that a browser cannot play is made anew in H.264: the same pictures, times and rights."""

import re
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cities.scope import every_city
from recording.models import Segment
from replay.pictures import machine, shelf, tasks, transcoding, views
from replay.pictures.machine import AT_ONCE, machine_turn
from replay.pictures.turns import Busy, Turns
from replay.throttling import ANSWERS
from tests.recording.gaps.conftest import wish
from tests.replay.pictures.conftest import FFMPEG, START, Shoot
from tests.world import World


@pytest.fixture(autouse=True)
def _own_data(tmp_path: Path, settings: Any) -> None:
    settings.VMS_DATA = tmp_path / "data"


@pytest.fixture
def ask(world: World, api: Callable[..., Any]) -> Callable[..., Any]:
    """Ask for a playlist of H.264."""

    def get(**query: Any) -> Any:
        asked = {"from": START.isoformat(), "to": (START + timedelta(minutes=1)).isoformat(), "as": "h264"} | query
        return api(world.viewer, world.city).get(f"/api/v1/cameras/{world.camera.pk}/replay.m3u8", asked)

    return get


@pytest.fixture
def h265(world: World, shoot: Shoot) -> Segment:
    with every_city("a test's footage"):
        wish(world.camera, START - timedelta(hours=1))
    return shoot(codec="h265")


def addresses(playlist: str) -> list[str]:
    return [line for line in playlist.splitlines() if line and not line.startswith("#")]


def greys(footage: bytes) -> list[int]:
    """Give the number of each picture, by its grey."""
    argv = [FFMPEG, "-loglevel", "error", "-i", "pipe:0", "-fps_mode", "passthrough"]
    argv += ["-vf", "scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"]
    raw = subprocess.run(argv, input=footage, capture_output=True, check=True).stdout
    return [luma - 20 for luma in raw[::3]]


def times(footage: bytes) -> list[float]:
    argv = [
        FFMPEG,
        "-hide_banner",
        "-copyts",
        "-i",
        "pipe:0",
        "-vf",
        "showinfo",
        "-fps_mode",
        "passthrough",
        "-f",
        "null",
        "-",
    ]
    said = subprocess.run(argv, input=footage, capture_output=True, check=True).stderr.decode()
    return [float(text) for text in re.findall(r"pts_time:(\S+)", said)]


def test_each_group_is_h264_with_the_pictures_and_times_of_the_footage(h265: Segment, ask: Any, client: Any) -> None:
    playlist = ask().content.decode()
    parts = [client.get(each) for each in addresses(playlist)]
    assert [(each.status_code, each["Content-Type"]) for each in parts] == [(200, "video/mp2t")] * 3
    contents = [each.getvalue() for each in parts]
    assert [len(greys(each)) for each in contents] == [40, 40, 40]
    assert [greys(each)[0] for each in contents] == [pytest.approx(number, abs=3) for number in (0, 40, 80)]
    assert [times(each)[0] for each in contents] == [pytest.approx(moment, abs=0.001) for moment in (0, 4, 8)]


def test_a_player_reads_the_whole_of_it(h265: Segment, ask: Any, client: Any, tmp_path: Path) -> None:
    text = ask().content.decode()
    for number, address in enumerate(addresses(text)):
        (tmp_path / f"{number}.ts").write_bytes(client.get(address).getvalue())
        text = text.replace(address, f"{number}.ts")
    (tmp_path / "replay.m3u8").write_text(text)
    argv = [FFMPEG, "-hide_banner", "-i", str(tmp_path / "replay.m3u8"), "-map", "0:v", "-f", "null", "-"]
    said = subprocess.run(argv, capture_output=True, check=True).stderr.decode()
    assert "Video: h264" in said
    assert re.findall(r"frame= *(\d+)", said)[-1] == "120"
    assert "time=00:00:12.00" in said


def test_it_is_made_once(h265: Segment, ask: Any, client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (first, *_) = addresses(ask().content.decode())
    before = client.get(first).getvalue()
    monkeypatch.setattr(transcoding, "run_bounded", lambda *_: pytest.fail("made again"))
    assert client.get(addresses(ask().content.decode())[0]).getvalue() == before


def test_bytes_that_are_no_group_or_another_sessions_are_not_there(h265: Segment, ask: Any, client: Any) -> None:
    (first, *_) = addresses(ask().content.decode())
    token = first.rsplit("/", 1)[0]
    offset, size = map(int, first.rsplit("/", 1)[1].removesuffix(".ts").split("-"))
    for wrong in (f"{offset}-{size - 1}", f"{offset + 1}-{size}", f"0-{offset}", f"{offset}-{10**12}", f"{offset}-0"):
        assert client.get(f"{token}/{wrong}.ts").status_code == 404
    assert client.get(f"/footage/x/{offset}-{size}.ts").status_code == 403


def test_a_right_that_is_gone_opens_nothing(world: World, h265: Segment, ask: Any, client: Any) -> None:
    (first, *_) = addresses(ask().content.decode())
    world.viewer.is_active = False
    world.viewer.save()
    assert client.get(first).status_code == 404


def test_torn_footage_is_not_there(world: World, h265: Segment, ask: Any, client: Any) -> None:
    file = Path(world.server.recordings_root) / h265.file
    urls = addresses(ask().content.decode())
    file.write_bytes(file.read_bytes()[:-100])
    assert [client.get(each).status_code for each in urls] == [200, 200, 404]


def test_two_at_once_and_the_third_comes_again(
    h265: Segment, ask: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "WAIT_SECONDS", 0.1)
    (first, *_) = addresses(ask().content.decode())
    with machine_turn(shelf.root()), machine_turn(shelf.root()):
        assert AT_ONCE == 2
        with pytest.raises(Busy), machine_turn(shelf.root()):
            pass
        busy = client.get(first)
        assert (busy.status_code, busy["Retry-After"]) == (503, "1")
    assert client.get(first).status_code == 200


def test_one_person_holds_few_threads_and_others_are_unharmed(
    world: World, h265: Segment, ask: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns(in_the_house=2, each=1)
    monkeypatch.setattr(views, "group_turns", turns)
    (first, second, *_) = addresses(ask().content.decode())
    with turns.take(world.viewer.pk):
        busy = client.get(first)
        assert (busy.status_code, busy["Retry-After"]) == (503, "1")
    with turns.take(world.operator.pk):
        assert client.get(second).status_code == 200


def test_what_is_there_is_sent_to_one_person_a_few_at_a_time(
    h265: Segment, ask: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first, *_) = addresses(ask().content.decode())
    monkeypatch.setattr(ANSWERS, "most", 1)
    answer = client.get(first)
    refused = client.get(first)
    assert (refused.status_code, refused["Retry-After"], refused["Content-Type"]) == (
        429,
        "1",
        "application/problem+json",
    )
    made = answer.getvalue()
    assert (answer["Content-Length"], answer["Content-Type"]) == (str(len(made)), "video/mp2t")
    assert client.get(first).getvalue() == made


def test_a_sweep_leaves_the_locks_alone(h265: Segment) -> None:
    with machine_turn(shelf.root()):
        tasks.sweep_pictures()
        assert sorted(each.name for each in shelf.root().iterdir()) == [".turn-0"]


def test_behind_a_web_server_it_sends_the_file_itself(h265: Segment, ask: Any, client: Any, settings: Any) -> None:
    settings.VMS_ACCEL = True
    (first, *_) = addresses(ask().content.decode())
    answer = client.get(first)
    (made,) = [each.path for each in shelf.list_pictures() if each.path.suffix == ".ts"]
    assert answer["X-Accel-Redirect"] == views.ACCELERATED + str(made.relative_to(shelf.root()))


def test_another_coding_is_refused_by_name(h265: Segment, ask: Any) -> None:
    answer = ask(**{"as": "av1"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "as")
