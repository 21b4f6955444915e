"""Twenty who play at once: the CPU that a gigabyte costs us, against that of a server of plain files."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from bench.nginx import find_nginx, run_nginx
from bench.report import divide, spell_spread
from bench.stage import BEGINNING, PART, Stage, fetch, hand_out_tokens, run_web
from footage.layout import name_for

REPLAYS = 20
GIGABYTE = 1e9
PLAY, READ = "replays", "plain reads"


@dataclass(frozen=True)
class Contest:
    """Who plays, for so many groups each, and where the same bytes lie as a plain file."""

    stage: Stage
    plain_port: int
    plain_path: str
    groups: int

    def play(self, number: int) -> int:
        """Play as a player does: a playlist, then group after group; give the bytes of the picture."""
        named = self.stage.ask_for(self.stage.cameras[0], *self._window(number))
        return sum(len(self.stage.get(each.address, each.range)) for each in named.groups)

    def list_ranges(self, number: int) -> list[str]:
        """Give what somebody asks for who reads the same bytes."""
        return [each.range for each in self.stage.ask_for(self.stage.cameras[0], *self._window(number)).groups]

    def read(self, ranges: list[str]) -> int:
        """Read those bytes plainly."""
        return sum(len(fetch(self.plain_port, self.plain_path, {"Range": each})) for each in ranges)

    def measure(self, rounds: int) -> dict[str, list[float]]:
        """Give each one's seconds of CPU for a gigabyte, round by round, in turn."""
        ranges = [self.list_ranges(number) for number in range(REPLAYS)]
        contenders: dict[str, Callable[[], int]] = {
            READ: lambda: _do_at_once(self.read, ranges),
            PLAY: lambda: _do_at_once(self.play, range(REPLAYS)),
        }
        costs: dict[str, list[float]] = {name: [] for name in contenders}
        expected = contenders[READ]()
        for number in range(rounds):
            for name in sorted(contenders, reverse=bool(number % 2)):
                before = self.stage.cpu()
                assert contenders[name]() == expected
                costs[name].append((self.stage.cpu() - before) / expected * GIGABYTE)
        return costs

    def _window(self, number: int) -> tuple[datetime, datetime]:
        start = BEGINNING + timedelta(minutes=number)
        return start, start + self.groups * PART


def measure_many(stage: Stage, recordings: Path, folder: Path, *, groups: int, rounds: int) -> str:
    """Give the table: with gunicorn's own sending, and as in production where there is an nginx."""
    lines = [f"| {REPLAYS} at once | seconds of CPU for a gigabyte | times the plain reads |", "|---|---|---|"]
    alone = Contest(stage, stage.port, f"/media/bench/{stage.footage.name}", groups)
    lines += _describe("gunicorn alone", alone.measure(rounds))
    program = find_nginx()
    if program is None:
        return "\n".join([*lines, "| **nginx in front** | not measured: there is no nginx here | |"])
    with _stand_behind(program, stage, recordings, folder, groups) as contest:
        lines += _describe("nginx in front", contest.measure(rounds))
    return "\n".join(lines)


@contextmanager
def _stand_behind(
    program: str, stage: Stage, recordings: Path, folder: Path, groups: int
) -> Generator[Contest, None, None]:
    """Run nginx as in production, before a web server that has it send."""
    camera = stage.cameras[0]
    file = recordings / camera.stream_id / name_for(BEGINNING)
    with (
        run_web(folder, VMS_ACCEL="1", VMS_RECORDINGS=str(recordings)) as (web_port, workers),
        run_nginx(program, folder, web_port=web_port, recordings=recordings) as nginx,
    ):
        behind = replace(stage, port=nginx.port, pids=[*workers, *nginx.pids], callers=hand_out_tokens(stage))
        group = behind.ask_for(camera, BEGINNING, BEGINNING + PART).groups[0]
        assert fetch(web_port, group.address, {"Range": group.range}) == b"", "web sends footage, not nginx"
        yield Contest(behind, nginx.plain_port, f"/{camera.stream_id}/{file.name}", groups)


def _do_at_once(work: Callable[[Any], int], each: Iterable[Any]) -> int:
    with ThreadPoolExecutor(REPLAYS) as pool:
        return sum(pool.map(work, each))


def _describe(kind: str, costs: dict[str, list[float]]) -> list[str]:
    lines = [f"| **{kind}** | | |"]
    for name, values in costs.items():
        lines.append(f"| {name} | {spell_spread(values, 2)} | {spell_spread(divide(values, costs[READ]), 2)} |")
    return lines
