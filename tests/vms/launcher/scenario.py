"""A small launcher for tests: runs the supervisor on tiny Python programs, and tells what it does on standard output.

Started as `python -m tests.vms.launcher.scenario <folder> <plan as JSON>`; a plan is a list of stages, a stage a list
of {"name", "code", "ready": path or null, ...}, or seconds to wait, or one such program to be tried "within" seconds.
A program "watched" as {"restarts": …} shows by its pulse that it does not hang.
Each program appends its events to <folder>/events.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

from vms.launcher.children import Program, current_environment
from vms.launcher.errors import ServiceFailedError, StopRequested
from vms.launcher.guarding import Guardian
from vms.launcher.hearing import Watch
from vms.launcher.stopping import StopRequests
from vms.launcher.supervisor import Service, Supervisor

PRELUDE = """
import os, signal, subprocess, sys, time
from pathlib import Path
folder, name = Path(sys.argv[1]), sys.argv[2]
def note(event):
    with (folder / "events").open("a") as file:
        file.write(f"{name} {event}\\n")
def leave(*_):
    note("stopped")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
(folder / f"{name}.pid").write_text(str(os.getpid()))
note("started")
"""
REST = """
(folder / f"{name}.ready").touch()
while True:
    time.sleep(0.05)
    if "VMS_PULSE_FD" in os.environ:
        os.write(int(os.environ["VMS_PULSE_FD"]), b".")
"""


def main() -> int:
    """Run the plan until asked to stop."""
    folder, stages = Path(sys.argv[1]), json.loads(sys.argv[2])
    guardian = Guardian()
    say(f"guardian {guardian.pid}")
    with StopRequests() as requests:
        supervisor = Supervisor(run_id=folder.name, guardian=guardian, requests=requests, report=say)
        try:
            for stage in stages:
                if isinstance(stage, float):
                    say("waiting")
                    supervisor.watch_until(lambda: False, within=stage)
                elif isinstance(stage, dict):
                    supervisor.try_step(describe_service(folder, stage).program, stage["within"])
                else:
                    supervisor.start_stage([describe_service(folder, entry) for entry in stage])
            say("all ready")
            supervisor.watch()
        except ServiceFailedError as error:
            say(f"failed: {error}")
            return 1
        except StopRequested:
            pass
        finally:
            supervisor.stop()
            guardian.dismiss()
    say("stopped")
    return 0


def describe_service(folder: Path, entry: dict[str, Any]) -> Service:
    """The service of one entry of the plan."""
    name = entry["name"]
    ready = folder / f"{name}.ready"
    code = PRELUDE + entry.get("code", "") + REST
    program = Program(
        name=name,
        argv=(sys.executable, "-I", "-S", "-c", code, str(folder), name),
        env=current_environment(),
        log=folder / f"{name}.log",
        stop_within=entry.get("stop_within", 5.0),
        has_pulse="watched" in entry,
    )
    return Service(
        program=program,
        is_ready=ready.exists,
        ready_within=entry.get("ready_within", 10.0),
        first_delay=entry.get("first_delay", 1.0),
        before_start=lambda: ready.unlink(missing_ok=True),
        watch=Watch(every=0.3, looks=3, **entry["watched"]) if "watched" in entry else None,
    )


def say(line: str) -> None:
    """One line with the time it was said."""
    sys.stdout.write(f"{time.monotonic():.3f} {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
