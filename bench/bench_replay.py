"""What replay costs: the first picture of a moment, a day's playlist and timeline, and many who play at once."""

import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bench.database import use_test_database
from bench.first_picture import measure_first_picture
from bench.many_replays import measure_many
from bench.playback import record_footage, run_playback
from bench.report import Report, describe_machine, divide, spell_spread
from bench.stage import BEGINNING, PARTS, Stage, fetch, fill, name_address, run_web
from mediamtx.binary import MEDIAMTX_VERSION

DAY = timedelta(days=1)
GOAL_COLD, GOAL_HOT, GOAL_TIMELINE = 3.0, 1.5, 2.0


@dataclass(frozen=True)
class Size:
    """How often each is asked in a round, how many cameras have a day, how many groups each of those who play takes.

    The rest are rounds: of timelines, of first pictures out of the page cache and out of the disk, of twenty who play.
    """

    questions: int
    rounds: int
    cameras: int
    groups: int
    warm: int
    evicted: int
    many: int


FULL = Size(questions=200, rounds=11, cameras=24, groups=60, warm=11, evicted=5, many=5)
QUICK = Size(questions=40, rounds=3, cameras=6, groups=10, warm=3, evicted=1, many=1)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page."""
    size, machine = QUICK if quick else FULL, describe_machine()
    with use_test_database() as postgres, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts, met = _measure_all(size, folder)
    rounds = f"{size.cameras - 2} of playlists, {size.warm} of first pictures, {size.evicted} evicted"
    about = f"{size.rounds} rounds of timelines, {rounds}; {size.many} of twenty who play. {machine}"
    text = "\n\n".join([*texts, f"{about}, Postgres {postgres}, MediaMTX {MEDIAMTX_VERSION}."])
    return Report(text, met=quick or met)


def _measure_all(size: Size, folder: Path) -> tuple[list[str], bool]:
    footage = folder / "footage.mp4"
    with run_playback(folder) as playback:
        recordings = playback.mediamtx.recordings
        record_footage(playback.mediamtx, footage, PARTS)
        stage = fill(footage, recordings, size.cameras)
        with run_web(folder) as (port, pids):
            stage = replace(stage, port=port, pids=pids)
            found = [
                measure_first_picture(stage, playback, warm=size.warm, evicted=size.evicted),
                _measure_playlist(stage, folder),
                _measure_timeline(stage, size),
            ]
            many = measure_many(stage, recordings, folder, groups=size.groups, rounds=size.many)
    return [*(text for text, _ in found), many], all(met for _, met in found)


def _measure_playlist(stage: Stage, folder: Path) -> tuple[str, bool]:
    """A day's playlist, for somebody for the first time and at once again, against the same text out of a file."""
    cameras = stage.cameras[2:]

    callers = [next(stage.callers) for _ in cameras]

    def ask(number: int) -> bytes:
        return fetch(
            stage.port, name_address("replay.m3u8", cameras[number], BEGINNING, BEGINNING + DAY), callers[number]
        )

    text = stage.get(name_address("replay.m3u8", stage.cameras[1], BEGINNING, BEGINNING + DAY))
    (folder / "day.m3u8").write_bytes(text)
    asks: dict[str, Callable[[int], bytes]] = {
        "cold": ask,
        "hot": ask,
        "file": lambda _: stage.get("/media/bench/day.m3u8"),
    }
    walls: dict[str, list[float]] = {name: [] for name in asks}
    names = list(asks)
    for number in range(len(cameras)):
        shift = -(number % 2)  # the file's turn comes first or last: hot is what was cold just now
        for name in names[shift:] + names[:shift]:
            each = asks[name]
            began = time.perf_counter()
            each(number)
            walls[name].append(time.perf_counter() - began)
    ratios = {name: divide(walls[name], walls["file"]) for name in ("cold", "hot")}
    goals = {"cold": GOAL_COLD, "hot": GOAL_HOT}
    met = {name: statistics.median(ratios[name]) <= goal for name, goal in goals.items()}
    took = {name: statistics.median(each) * 1e3 for name, each in walls.items()}
    rows = [f"| {name} | {took[name]:.1f} | {spell_spread(each, 1)} |" for name, each in ratios.items()]
    head = f"| playlist of 24 h, {len(text):,} bytes | ms | over the file ({took['file']:.1f} ms) |\n|---|---|---|\n"
    said = [f"- {name}, goal ≤ {goal:g}×: {_say(met=met[name])}" for name, goal in goals.items()]
    return head + "\n".join([*rows, "", *said]), all(met.values())


def _measure_timeline(stage: Stage, size: Size) -> tuple[str, bool]:
    """A camera-day's timeline through the API's door, against views that ask for a number."""

    def ours(number: int) -> bytes:
        camera = stage.cameras[number % len(stage.cameras)]
        return stage.get(name_address("timeline", camera, BEGINNING, BEGINNING + DAY) + "&resolution=120")

    asks: dict[str, Callable[[int], object]] = {
        "`select 1`": lambda _: stage.get("/media/bench/one"),
        "`select 1`, with authentication": lambda _: stage.get("/api/v1/bench/one"),
        "timeline of a day": ours,
    }
    costs = stage.measure(asks, rounds=size.rounds, times=size.questions)
    bare, known, day = costs.values()
    rows = [
        f"| {name} | {statistics.median(cost):.2f} | {spell_spread(divide(cost, bare), 1)} |"
        for name, cost in costs.items()
    ]
    over_known = statistics.median(divide(day, known))
    met = statistics.median(divide(day, bare)) <= GOAL_TIMELINE
    head = "| CPU of web and Postgres for one answer | ms | ratio |\n|---|---|---|\n"
    beside = f"{over_known:.1f} times the view behind the same door, as a page of cameras is measured"
    return head + "\n".join(rows) + f"\n\n- goal ≤ {GOAL_TIMELINE:g}×: {_say(met=met)}; {beside}", met


def _say(*, met: bool) -> str:
    return "met" if met else "missed"
