"""From asking for a moment to its first picture, out of the page cache and out of the disk, ours and MediaMTX's."""

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import imageio_ffmpeg

from bench.page_cache import evict
from bench.playback import Playback
from bench.report import Rounds, run_rounds, spell_spread
from bench.stage import BEGINNING, PART, WARMING, Stage

GOAL_PLAIN, GOAL_GET = 4.0, 100.0
MINUTES = (0, 10, 20, 29)
LENGTH = 2 * PART
LENGTH_OF_GET = timedelta(seconds=1)
"""A fragment of its answer: of more, it would go on reading the file when we are content and the next one's turn is."""
OURS, PLAIN, GET = "ours", "plain", "get"


@dataclass(frozen=True)
class Contest:
    """What each does for the first picture at a minute, and how many bytes it takes."""

    minute: int
    contenders: dict[str, Callable[[int], bytes]]
    sizes: dict[str, int]


@dataclass(frozen=True)
class Outcome:
    """A contest's rounds; None where the file system keeps in memory what it should let go."""

    contest: Contest
    rounds: Rounds | None

    def ratio(self, name: str, reference: str) -> float:
        """Give the median of the ratios; wants rounds."""
        assert self.rounds
        return self.rounds.median_ratio(name, reference)


def measure_first_picture(stage: Stage, playback: Playback, *, warm: int, evicted: int) -> tuple[str, bool]:
    """Give the tables, for so many rounds of each kind, and whether the goals were met."""
    contests = [_prepare(stage, playback, minute) for minute in MINUTES]
    kinds = {
        "warm": [Outcome(each, run_rounds(warm, each.contenders)) for each in contests],
        "evicted": [_run_evicted(each, stage.footage, evicted) for each in contests],
    }
    lines = ["| first picture | ours ms | three plain reads ms | `/get` ms | ours / plain | `/get` / ours |"]
    lines.append("|---|---|---|---|---|---|")
    for kind, outcomes in kinds.items():
        lines += [f"| **{kind}** | | | | | |", *(_describe(each) for each in outcomes)]
    lines += ["", "| bytes until then | ours, and the plain reads | `/get` |", "|---|---|---|"]
    lines += [f"| minute {each.minute} | {each.sizes[OURS]:,} | {each.sizes[GET]:,} |" for each in contests]
    goals = [goal for kind, outcomes in kinds.items() for goal in _judge(kind, outcomes)]
    text = "\n".join([*lines, "", *(text for text, _ in goals)])
    return text, all(met for _, met in goals)


def _prepare(stage: Stage, playback: Playback, minute: int) -> Contest:
    """Say what each does, and see that ffmpeg makes a picture of what comes of it."""
    camera, start = stage.cameras[0], BEGINNING + timedelta(minutes=minute)

    def ask_ours(_: int) -> bytes:
        named = stage.ask_for(camera, start, start + LENGTH)
        group = named.groups[0]
        return named.text + named.head + stage.get(group.address, group.range)

    def ask_mediamtx(_: int) -> bytes:
        return playback.get_first_picture(camera.stream_id, start, LENGTH_OF_GET)

    named = stage.ask_for(camera, start, start + LENGTH)
    ranges = [f"bytes=0-{len(named.text) - 1}", f"bytes=0-{len(named.head) - 1}", named.groups[0].range]

    def ask_plainly(_: int) -> bytes:
        return b"".join(stage.get(f"/media/bench/{stage.footage.name}", each) for each in ranges)

    for number in range(WARMING):
        ask_plainly(number)
        ask_ours(number)
    contenders: dict[str, Callable[[int], bytes]] = {PLAIN: ask_plainly, OURS: ask_ours, GET: ask_mediamtx}
    taken = {name: ask(0) for name, ask in contenders.items()}
    assert len(taken[PLAIN]) == len(taken[OURS])
    _check_picture(taken[OURS][len(named.text) :])
    _check_picture(taken[GET])
    return Contest(minute, contenders, {name: len(data) for name, data in taken.items()})


def _check_picture(data: bytes) -> None:
    one = ["-frames:v", "1", "-f", "rawvideo", "pipe:1"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", "pipe:0", *one]
    done = subprocess.run(argv, input=data, capture_output=True, check=True)
    assert done.stdout, "no picture can be made of it"


def _run_evicted(contest: Contest, file: Path, rounds: int) -> Outcome:
    """Put the file out of the page cache before each contender's turn."""
    if not evict(file):
        return Outcome(contest, None)
    left: list[bool] = []
    found = run_rounds(rounds, contest.contenders, before=lambda: left.append(evict(file)))
    return Outcome(contest, found if all(left) else None)


def _describe(outcome: Outcome) -> str:
    name, rounds = f"minute {outcome.contest.minute}", outcome.rounds
    if rounds is None:
        return f"| {name} | not evictable here | | | | |"
    walls = [spell_spread([each * 1e3 for each in rounds.wall[one]], 1) for one in (OURS, PLAIN, GET)]
    ratios = [spell_spread(rounds.ratios(*pair), 1) for pair in ((OURS, PLAIN), (GET, OURS))]
    return "| " + " | ".join([name, *walls, *ratios]) + " |"


def _judge(kind: str, outcomes: list[Outcome]) -> list[tuple[str, bool]]:
    if any(each.rounds is None for each in outcomes):
        return [(f"- {kind}: not measured, the file system keeps in memory what was to be let go", True)]
    plain, get = max(each.ratio(OURS, PLAIN) for each in outcomes), outcomes[-1].ratio(GET, OURS)
    return [
        _say(f"{kind}: at most {plain:.1f} times the plain reads, goal ≤ {GOAL_PLAIN:g}", met=plain <= GOAL_PLAIN),
        _say(
            f"{kind}: `/get` takes {get:.0f} times as long as ours at minute {MINUTES[-1]}, goal ≥ {GOAL_GET:g}",
            met=get >= GOAL_GET,
        ),
    ]


def _say(text: str, *, met: bool) -> tuple[str, bool]:
    return f"- {text}: {'met' if met else 'missed'}", met
