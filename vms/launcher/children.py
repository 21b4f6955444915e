"""Child processes in sessions of their own, announced to the guardian before they exist."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from streams.ingest.pulse import PULSE_VARIABLE
from vms.launcher.errors import ServiceFailedError
from vms.launcher.guardian import TAG_VARIABLE, Group
from vms.launcher.guarding import Guardian
from vms.launcher.ownership import Owner


@dataclass(frozen=True)
class Program:
    """What is run: its argv, its whole environment, where its output goes, and how it likes to be stopped.

    ``has_pulse``: it tells us by itself that it does not hang, over a pipe (see `streams.ingest.pulse`).
    """

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    stop_within: float = 10.0
    owner: Owner | None = None
    folder: Path | None = None
    recognised_by_folder: bool = False
    has_pulse: bool = False

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
    pulse: "Pulse | None" = None

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

    def was_pulse_felt(self) -> bool:
        """Whether it told since we looked last that it does not hang; never of a program without a pulse."""
        return self.pulse is not None and self.pulse.was_felt()

    def forget_pulse(self) -> None:
        """Listen no more."""
        if self.pulse is not None:
            self.pulse.close()


class Pulse:
    """A pipe into which a program writes while it does not hang. No disk is in between that could hang too."""

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)

    @property
    def passed_on(self) -> int:
        """The end that the program writes to."""
        return self._writer

    def was_felt(self) -> bool:
        """Whether anything came since we looked last."""
        with contextlib.suppress(BlockingIOError):
            return bool(os.read(self._reader, 2**16))
        return False

    def keep_reading_end(self) -> None:
        """Let the program alone have the other end."""
        os.close(self._writer)

    def close(self) -> None:
        """Close our end; the program's writing then fails, which it takes no notice of."""
        os.close(self._reader)


def start_child(program: Program, run_id: str, order: int, guardian: Guardian) -> Child:
    """Start the program in a session of its own, known to the guardian from before its first instruction.

    Raises ServiceFailedError where the program cannot be started at all.
    """
    group = program.describe_group(run_id, order)
    guardian.watch(group)
    pulse = Pulse() if program.has_pulse else None
    own = {TAG_VARIABLE: group.tag} | ({PULSE_VARIABLE: str(pulse.passed_on)} if pulse else {})
    try:
        with program.log.open("ab") as log:
            process = _spawn(program, {**program.env, **own}, log.fileno(), pulse)
    except OSError as error:
        guardian.forget(group)
        if pulse is not None:
            pulse.close()
        raise ServiceFailedError(f"{program.name} could not be started: {error}") from error
    finally:
        if pulse is not None:
            pulse.keep_reading_end()
    group = replace(group, pid=process.pid)
    guardian.watch(group)
    return Child(program, group, process, pulse)


def _spawn(program: Program, env: Mapping[str, str], output: int, pulse: Pulse | None) -> subprocess.Popen[bytes]:
    owner = program.owner
    passed_on = () if pulse is None else (pulse.passed_on,)
    return subprocess.Popen(
        program.argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env=dict(env),
        pass_fds=passed_on,
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
