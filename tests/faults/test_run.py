"""What of a run can be said without one: its table of cases, its schedule, its own verdict."""

from pathlib import Path

import pytest

from tests.faults import cases
from tests.faults.__main__ import choose_cases, make_rng, read_arguments
from tests.faults.checker import Violation
from tests.faults.disk import Disk
from tests.faults.registry import CASES
from tests.faults.results import Result, write_table

assert cases


def test_the_same_seed_gives_a_case_the_same_schedule_whatever_else_is_run() -> None:
    def draw(seed: int, name: str, trial: int) -> list[float]:
        return [make_rng(seed, name, trial).random() for _ in range(3)]

    assert draw(7, "kill_web", 0) == draw(7, "kill_web", 0)
    different = {tuple(draw(*each)) for each in [(7, "kill_web", 0), (8, "kill_web", 0), (7, "kill_web", 1)]}
    assert len(different | {tuple(draw(7, "kill_beat", 0))}) == 4


def test_the_short_run_is_a_part_of_the_whole_one() -> None:
    short = choose_cases(read_arguments(["--short"]))
    assert [case.name for case in short] == [
        "kill_mediamtx",
        "flush_redis",
        "kill_postgres_under_load",
        "kill_everything",
        "hooks_shuffled_doubled_late",
        "hooks_forged",
        "wrong_answers",
        "missing_marker",
    ]
    assert choose_cases(read_arguments([])) == list(CASES.values())
    assert choose_cases(read_arguments(["--only", "full_disk", "kill_web"])) == [CASES["kill_web"], CASES["full_disk"]]
    with pytest.raises(SystemExit):
        read_arguments(["--only", "nonsense"])


def test_a_violation_fails_its_case_and_stands_in_the_table() -> None:
    result = Result("kill_web", "no seam")
    result.add_trial([], 0.25, 3.0)
    assert (result.is_good, result.words) == (True, "held")
    result.add_trial([Violation("index = disk", "a has no row")], 4.75, 2.0)
    assert not result.is_good
    row = "| kill_web | 2 | no seam | FAILED: index = disk: a has no row | 4.75 | 3.0 |"
    assert write_table([result]).splitlines()[2:] == [row]


def test_the_table_says_what_kind_of_disk_it_was(tmp_path: Path) -> None:
    assert [Disk(tmp_path, is_tmpfs=tmpfs).words for tmpfs in (True, False)] == [
        "a tmpfs of 64 MB",
        "a folder; a full disk is played by a file size limit",
    ]
