"""`python -m tests.faults [--seed N] [--trials N] [--only CASE …] [--short] [--write]`: does harm, prints a table."""

import argparse
import os
import random
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

import psycopg

from tests.faults import cases
from tests.faults.cameras import Cameras, make_picture
from tests.faults.checker import Fault, Violation, measure_worst_loss
from tests.faults.disk import make_disk, remove_stale_disks
from tests.faults.installation import Installation, NotThisTime
from tests.faults.registry import CASES, Case
from tests.faults.results import Result, describe_machine, write_table
from tests.faults.scene import Scene
from vms.launcher.guarding import Guardian

assert cases

SHOWN = 3
PREFIX = "vms-faults-"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "faults.md"
MARK = "## The last run"


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 if anything did not hold, 130 if it was interrupted."""
    chosen = read_arguments(arguments)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    say(f"seed {chosen.seed}")
    folder = _make_folder()
    results: list[Result] = []
    disk = ""
    code = 1
    try:
        with _staged(folder, may_mount=not chosen.no_mount) as scene:
            disk = scene.disk.words
            for case in choose_cases(chosen):
                results.append(_run_case(scene, case, chosen))  # noqa: PERF401 -- those before an interrupt count
        code = 0 if all(result.is_good for result in results) else 1
    except KeyboardInterrupt:
        code = 130
    finally:
        _clear_away(folder, keep=code == 1 or not all(result.is_good for result in results))
    text = f"Seed {chosen.seed}; {describe_machine()}; recordings on {disk}.\n\n{write_table(results)}\n"
    say(f"\n{text}")
    for violation in [f"{result.name}: {violation}" for result in results for violation in result.violations]:
        say(violation)
    if chosen.write and code == 0:
        PAGE.write_text(PAGE.read_text().partition(MARK)[0] + f"{MARK}\n\n{text}")
    return code


def _clear_away(folder: Path, *, keep: bool) -> None:
    if keep:
        say(f"data, database and logs are kept in {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)


def say(line: str) -> None:
    """Tell whoever looks on."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def read_arguments(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description="Does harm and checks what holds.")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="the same seed, the same schedule")
    parser.add_argument("--trials", type=int, help="of each case; by default each has its own number")
    parser.add_argument("--only", nargs="+", choices=list(CASES), metavar="CASE", help=f"of: {', '.join(CASES)}")
    parser.add_argument("--write", action="store_true", help=f"put the table into docs/{PAGE.name} if all held")
    parser.add_argument("--no-mount", action="store_true", help="play the full disk by a file size limit, as non-root")
    parser.add_argument("--short", action="store_true", help="one trial of the most telling cases")
    return parser.parse_args(arguments)


def choose_cases(chosen: argparse.Namespace) -> list[Case]:
    """Give the cases to be run, in their order."""
    if chosen.only:
        return [CASES[name] for name in CASES if name in chosen.only]
    return [case for case in CASES.values() if case.is_short or not chosen.short]


def make_rng(seed: int, name: str, trial: int) -> random.Random:
    """Give what decides all that is left to chance in a trial."""
    return random.Random(f"{seed}:{name}:{trial}")  # noqa: S311 -- the same seed must give the same schedule


def _make_folder() -> Path:
    # Not mkdtemp: the account that runs Postgres must be able to pass through it.
    parent = Path(tempfile.gettempdir()).resolve()
    remove_stale_disks(parent, PREFIX)
    folder = parent / f"{PREFIX}{os.getpid()}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o755)
    return folder


@contextmanager
def _staged(folder: Path, *, may_mount: bool) -> Iterator[Scene]:
    """A scene with everything running; all of it is gone after the block, whatever happens."""
    with ExitStack() as stack:
        disk = make_disk(folder / "disk", may_mount=may_mount)
        stack.callback(disk.remove)
        guardian = Guardian()
        stack.callback(guardian.dismiss)
        installation = Installation(folder, disk.recordings, guardian)
        stack.callback(installation.stop)
        picture = make_picture(folder / "picture.mp4")
        (folder / "cameras").mkdir()
        cameras = Cameras(picture, installation.ports["VMS_RTSP_PORT"], folder / "cameras", guardian)
        stack.callback(cameras.stop)
        began = time.monotonic()
        installation.start()
        scene = Scene(installation, cameras, disk)
        scene.furnish()
        say(f"an installation with {len(scene.ids)} recording cameras runs after {time.monotonic() - began:.0f} s")
        yield scene


def _run_case(scene: Scene, case: Case, chosen: argparse.Namespace) -> Result:
    result = Result(case.name, case.holds)
    for trial in range(1 if chosen.short else chosen.trials or case.trials):
        scene.rng = make_rng(chosen.seed, case.name, trial)
        found, seconds = _run_trial(scene, case, result)
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        say(f"{case.name} {trial + 1}: {'; '.join(map(str, found[:SHOWN])) or 'held'}{more}, {seconds:.1f} s")
        if found:
            result.kept.append(_keep(scene, f"{case.name}-{trial + 1}", found))
            break  # what a broken installation does next says nothing
    return result


def _run_trial(scene: Scene, case: Case, result: Result) -> tuple[list[Violation], float]:
    """Do the harm once; an installation that is not calm, or a case that breaks, is a violation of its own."""
    began = time.time()
    fault = Fault(began)
    loss = None
    try:
        scene.await_calm()
        fault = case.harm(scene)
        found, seconds = scene.settle(fault)
        if scene.before is not None and not fault.loses_more:
            loss = measure_worst_loss(scene.before, scene.read_facts(), fault)
    except (NotThisTime, RuntimeError, OSError, psycopg.Error) as error:
        found, seconds = [Violation("the case runs", f"{type(error).__name__}: {error}")], time.time() - began
    result.add_trial(found, loss, seconds)
    return found, seconds


def _keep(scene: Scene, name: str, found: list[Violation]) -> Path:
    """Keep logs and recordings as they are now: the next case goes on with them."""
    target = scene.installation.folder / "failed" / name
    target.mkdir(parents=True)
    shutil.copytree(scene.installation.data / "logs", target / "logs")
    scene.disk.keep(target / "recordings")
    (target / "violations.txt").write_text("\n".join(map(str, found)))
    say(f"  kept in {target}")
    return target


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(signal.Signals(number).name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
