"""What a benchmark says: interleaved rounds, ratios with their spread, and the machine it ran on."""

import gc
import os
import platform
import re
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Report:
    """A benchmark's section of the page, and whether its goals were met."""

    text: str
    met: bool


@dataclass
class Rounds:
    """Seconds of wall time and of our own CPU per contender, one value a round."""

    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)

    def ratios(self, name: str, reference: str) -> list[float]:
        """Give the contender's wall time in terms of the reference's, round by round."""
        return divide(self.wall[name], self.wall[reference])

    def median_ratio(self, name: str, reference: str) -> float:
        """Give the median of the ratios."""
        return statistics.median(self.ratios(name, reference))

    def describe(self, name: str, reference: str) -> str:
        """Give a row: wall ms (min-max), CPU ms, ratio (min-max)."""
        milliseconds = spell_spread([each * 1e3 for each in self.wall[name]], 0)
        cpu = f"{statistics.median(self.cpu[name]) * 1e3:.0f}"
        return f"{milliseconds} | {cpu} | {spell_spread(self.ratios(name, reference), 2)}"


def divide(values: Sequence[float], reference: Sequence[float]) -> list[float]:
    """Give each value in terms of the reference's of the same round."""
    return [one / other for one, other in zip(values, reference, strict=True)]


def spell_spread(values: Sequence[float], digits: int) -> str:
    """Give the median, the least and the most."""
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}–{max(values):.{digits}f})"


def run_rounds(
    count: int, contenders: Mapping[str, Callable[[int], object]], before: Callable[[], object] = lambda: None
) -> Rounds:
    """Let the contenders run in turn, `count` rounds after one to warm up; each is told the round's number.

    The order shifts by one each round, so that nobody always runs in another's wake. `before` each one's turn something
    may be done that is not measured.
    """
    rounds = Rounds({name: [] for name in contenders}, {name: [] for name in contenders})
    names = list(contenders)
    for number in range(-1, count):
        shift = number % len(names)
        for name in names[shift:] + names[:shift]:
            gc.collect()
            before()
            wall, cpu = time.perf_counter(), time.process_time()
            contenders[name](number)
            elapsed = time.perf_counter() - wall, time.process_time() - cpu
            if number >= 0:
                rounds.wall[name].append(elapsed[0])
                rounds.cpu[name].append(elapsed[1])
    return rounds


def describe_machine() -> str:
    """Say in one line what this ran on."""
    load = os.getloadavg()[0]
    python = platform.python_version()
    return f"{os.cpu_count()} × {_name_processor()}, {platform.system()}, Python {python}, load {load:.1f} at the start"


def _name_processor() -> str:
    try:
        found = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    except OSError:
        found = None
    return found[1].strip() if found else platform.machine()


def write_section(page: Path, name: str, text: str) -> None:
    """Put the text between the page's two markers of that name; the rest of the page stays."""
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise ValueError(f"{page} lacks the markers {begin} and {end}")
    page.write_text(f"{before}{begin}\n{text.strip()}\n{end}{after}", encoding="utf-8")
