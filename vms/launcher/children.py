"""Child processes in sessions of their own, announced to the guardian before they exist."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from vms.launcher.errors import ServiceFailedError
from vms.launcher.guardian import TAG_VARIABLE, Group
from vms.launcher.guarding import Guardian
from vms.launcher.ownership import Owner


@dataclass(frozen=True)
class Program:
    """What is run: its argv, its whole environment, where its output goes, and how it likes to be stopped."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0
    owner: Owner | None = None
    folder: Path | None = None
    recognised_by_folder: bool = False

    def describe_group(self, run_id: str, order: int) -> Group:
        """The group its processes will form in the run called ``run_id``."""
        known = self.folder is not None and self.recognised_by_folder
        return Group(
            name=self.name,
            tag=f"{run_id}:{self.name}",
            order=order,
            stop_signal=self.stop_signal,
            stop_within=self.stop_within,
            program=str(Path(self.argv[0]).resolve()) if known else None,
            folder=str(self.folder.resolve()) if known and self.folder is not None else None,
        )


@dataclass
class Child:
    """A running program and the group its processes form."""

    program: Program
    group: Group
    process: subprocess.Popen[bytes] = field(repr=False)

    @property
    def is_running(self) -> bool:
        """Whether its first process is still there."""
        return self.process.poll() is None

    def describe_end(self) -> str:
        """How its first process ended, in words."""
        code = self.process.poll()
        if code is None:
            return "is still running"
        if code < 0:
            return f"was ended by signal {_name_signal(-code)}"
        return f"ended with exit code {code}"


def start_child(program: Program, run_id: str, order: int, guardian: Guardian) -> Child:
    """Start the program in a session of its own, known to the guardian from before its first instruction.

    Raises ServiceFailedError where the program cannot be started at all.
    """
    group = program.describe_group(run_id, order)
    guardian.watch(group)
    try:
        with program.log.open("ab") as log:
            process = _spawn(program, {**program.env, TAG_VARIABLE: group.tag}, log.fileno())
    except OSError as error:
        guardian.forget(group)
        raise ServiceFailedError(f"{program.name} could not be started: {error}") from error
    group = replace(group, pid=process.pid)
    guardian.watch(group)
    return Child(program, group, process)


def _spawn(program: Program, env: Mapping[str, str], output: int) -> subprocess.Popen[bytes]:
    owner = program.owner
    return subprocess.Popen(
        program.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env),
        cwd=program.folder,
        start_new_session=True,
        user=owner.uid if owner else None,
        group=owner.gid if owner else None,
        extra_groups=[] if owner else None,
    )


def _name_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


OUR_SECRETS = frozenset({"VMS_SECRET_KEY", "VMS_CREDENTIAL_KEYS"})
"""What only our own programs need to know."""


def keep_ordinary_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment a server of ours starts from: without our secrets and what steers libpq and Postgres."""
    left_out = OUR_SECRETS | {TAG_VARIABLE}
    return {name: value for name, value in environ.items() if not name.startswith("PG") and name not in left_out}


def current_environment() -> dict[str, str]:
    """The same of our own process."""
    return keep_ordinary_environment(os.environ)
