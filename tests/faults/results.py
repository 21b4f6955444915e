"""What a run found, as a table."""

import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.checker import Violation


@dataclass
class Result:
    """What came of a case's trials; seconds are the worst of all trials."""

    name: str
    holds: str
    trials: int = 0
    worst_loss: float | None = None
    recovery: float | None = None
    violations: list[Violation] = field(default_factory=list)
    kept: list[Path] = field(default_factory=list)

    @property
    def is_good(self) -> bool:
        """Whether all held."""
        return not self.violations

    @property
    def words(self) -> str:
        """The verdict."""
        if self.violations:
            return f"FAILED: {self.violations[0]}"
        return "held"

    def add_trial(self, violations: Iterable[Violation], loss: float | None, recovery: float) -> None:
        """Count a trial in."""
        self.trials += 1
        self.violations += violations
        self.recovery = max(self.recovery or 0.0, recovery)
        if loss is not None:
            self.worst_loss = max(self.worst_loss or 0.0, loss)


def write_table(results: Iterable[Result]) -> str:
    """Give the table in Markdown."""
    head = "| case | trials | what must hold | result | worst loss s | recovery s |\n|---|---|---|---|---|---|"
    return "\n".join([head, *(_write_row(result) for result in results)])


def describe_machine() -> str:
    """Say on what it ran."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    system = f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GB, {system}"


def _write_row(result: Result) -> str:
    loss, recovery = _write_seconds(result.worst_loss, 2), _write_seconds(result.recovery, 1)
    return f"| {result.name} | {result.trials} | {result.holds} | {result.words} | {loss} | {recovery} |"


def _write_seconds(seconds: float | None, digits: int) -> str:
    return "" if seconds is None else f"{seconds:.{digits}f}"
