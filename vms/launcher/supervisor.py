"""The supervisor: starts services in stages, each when the one before is ready, keeps them running, stops them."""

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from vms.launcher.children import Child, Program, start_child
from vms.launcher.errors import ServiceFailedError
from vms.launcher.guardian import kill_group, stop_groups
from vms.launcher.guarding import Guardian
from vms.launcher.hearing import Hearing, Watch, is_hung, say_silent
from vms.launcher.logs import cap_log, read_last_lines
from vms.launcher.stopping import StopRequests

POLL_SECONDS = 0.05
WATCH_SECONDS = 0.2
PROBE_SECONDS = 0.5
CAP_LOGS_SECONDS = 5.0
LONGEST_DELAY_SECONDS = 30.0
FORGIVEN_AFTER_SECONDS = 60.0
LINES_SHOWN = 15
ENDED_WITHIN_SECONDS = 1.0


def _do_nothing() -> None:
    """The preparation of a service that needs none."""


@dataclass(frozen=True)
class Service:
    """A program that must always run.

    ``is_ready`` is asked until it says yes, at most for ``ready_within`` seconds, and not before the program has lived
    for ``steady_for``. ``first_delay`` is the shortest pause before it is started again; ``before_start`` clears what
    its predecessor left behind. ``watch``: how it is noticed that it hangs, None where it is not.
    """

    program: Program
    is_ready: Callable[[], bool]
    ready_within: float = 30.0
    steady_for: float = 0.0
    first_delay: float = 1.0
    before_start: Callable[[], None] = _do_nothing
    watch: Watch | None = None

    @property
    def name(self) -> str:
        """How it is called in the launcher's output."""
        return self.program.name


@dataclass(frozen=True)
class Condition:
    """What is known of a service at one moment; times are those of a monotonic clock, None what has not happened."""

    is_running: bool
    started_at: float | None = None
    ready_at: float | None = None
    failures: int = 0
    restart_at: float | None = None
    silent_looks: int = 0


class Decision(Enum):
    """What is to be done about a service now."""

    LEAVE = auto()
    PROBE = auto()
    FORGIVE = auto()
    END_HUNG = auto()
    TELL_HUNG = auto()
    GIVE_UP_WAITING = auto()
    SCHEDULE = auto()
    START = auto()


def decide(condition: Condition, service: Service, now: float) -> Decision:
    """Decide what a service's condition calls for."""
    if condition.is_running:
        return _decide_running(condition, service, now)
    if condition.restart_at is None:
        return Decision.SCHEDULE
    return Decision.START if now >= condition.restart_at else Decision.LEAVE


def _decide_running(condition: Condition, service: Service, now: float) -> Decision:
    age = now - (condition.started_at or now)
    if condition.ready_at is None:
        if age > service.ready_within:
            return Decision.GIVE_UP_WAITING
        return Decision.PROBE if age >= service.steady_for else Decision.LEAVE
    if service.watch is not None and is_hung(service.watch, condition.silent_looks):
        return Decision.END_HUNG if service.watch.restarts else Decision.TELL_HUNG
    forgiven = condition.failures and now - condition.ready_at >= FORGIVEN_AFTER_SECONDS
    return Decision.FORGIVE if forgiven else Decision.LEAVE


def choose_delay(failures: int, first_delay: float) -> float:
    """Seconds before the next start after that many failures in a row: 1, 2, 4 … 30, at least the first delay."""
    doubled: float = 2.0 ** min(failures - 1, 10)
    return max(first_delay, min(doubled, LONGEST_DELAY_SECONDS))


@dataclass
class _Watched:
    """A service, its running program, and what happened to it."""

    service: Service
    order: int
    child: Child | None = None
    started_at: float | None = None
    ready_at: float | None = None
    failures: int = 0
    restart_at: float | None = None
    probed_at: float = field(default=float("-inf"))
    hearing: Hearing | None = None

    @property
    def condition(self) -> Condition:
        is_running = self.child is not None and self.child.is_running
        silent_looks = self.hearing.silent_looks if self.hearing else 0
        return Condition(is_running, self.started_at, self.ready_at, self.failures, self.restart_at, silent_looks)

    def become_ready(self, now: float) -> None:
        """Note it, and begin to listen whether it goes on."""
        self.ready_at = now
        self.hearing = Hearing(self.service.watch, now) if self.service.watch else None

    def wait_again(self, now: float) -> None:
        """Wait anew for it to become ready, or to show a sign of life."""
        if self.ready_at is None:
            self.started_at = now
        elif self.hearing is not None:
            self.hearing.begin_again()

    def listen(self, now: float) -> None:
        """Hear whether it shows a sign of life, once it is ready."""
        if self.hearing is not None and self.ready_at is not None and self.child is not None:
            self.hearing.listen(self.child.was_pulse_felt, now)


class Supervisor:
    """Runs services and one-shot steps; every wait ends with StopRequested when we are asked to stop.

    ``run_id`` marks our processes (see guardian.TAG_VARIABLE). ``report`` takes one line for a person.
    """

    def __init__(
        self,
        *,
        run_id: str,
        guardian: Guardian,
        requests: StopRequests,
        report: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run_id = run_id
        self._guardian = guardian
        self._requests = requests
        self._report = report
        self._clock = clock
        self._watched: list[_Watched] = []
        self._steps: list[Child] = []
        self._stages = 0
        self._logs_capped_at = clock()

    def start_stage(self, services: Sequence[Service]) -> None:
        """Start the services together and wait until all are ready. Raises ServiceFailedError, StopRequested."""
        self._stages += 1
        stage = [_Watched(service, self._stages) for service in services]
        for watched in stage:
            self._requests.raise_if_asked()
            self._watched.append(watched)
            self._start(watched)
        waiting = stage
        while waiting:
            self._requests.raise_if_asked()
            waiting = [watched for watched in waiting if not self._await_first_time(watched)]
            self._tend(set(map(id, stage)))
            time.sleep(POLL_SECONDS)

    def run_steps(self, steps: Sequence[Program], within: float, show: Callable[[str], None] | None = None) -> None:
        """Run programs to their end, side by side, all within that many seconds.

        ``show`` takes each line they write, as it comes. Raises ServiceFailedError, StopRequested.
        """
        self._steps = []
        seen: dict[str, int] = {}
        started = self._clock()
        for step in steps:
            self._requests.raise_if_asked()
            cap_log(step.log)
            seen[step.name] = step.log.stat().st_size if step.log.exists() else 0
            self._steps.append(start_child(step, self._run_id, self._stages + 1, self._guardian))
        running = list(self._steps)
        while running:
            self._requests.raise_if_asked()
            time.sleep(POLL_SECONDS)
            for child in running:
                if show is not None:
                    seen[child.program.name] = _show_news(child, seen[child.program.name], show)
                self._judge_step(child, started, within)
            running = [child for child in running if child.is_running]
            self._tend(set())
        self._forget_steps()

    def try_step(self, step: Program, within: float, show: Callable[[str], None] | None = None) -> None:
        """Run a program that all else goes on without: one that fails or takes longer is ended, and told of.

        Raises StopRequested.
        """
        try:
            self.run_steps([step], within, show)
        except ServiceFailedError as error:
            stop_groups([child.group for child in self._steps])
            self._forget_steps()
            self._report(f"{error}; going on without it")

    def watch_until(self, is_over: Callable[[], bool], *, within: float) -> None:
        """Keep everything running until it is over, at most for so many seconds. Raises StopRequested."""
        deadline = self._clock() + within
        while not is_over() and self._clock() < deadline:
            self._requests.raise_if_asked()
            self._tend(set())
            time.sleep(WATCH_SECONDS)

    def watch(self) -> None:
        """Keep everything running until we are asked to stop."""
        while not self._requests.asked:
            self._tend(set())
            time.sleep(WATCH_SECONDS)

    def stop(self) -> None:
        """Stop everything in reverse order; at once and without asking, if a second Ctrl-C insists."""
        children = [*self._steps, *(watched.child for watched in self._watched if watched.child is not None)]
        stop_groups([child.group for child in children], hurry=lambda: self._requests.insisted)
        for child in children:
            # A process that not even SIGKILL ends hangs in the kernel (a dead network disk): we need not hang with it.
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(timeout=1.0)
            self._guardian.forget(child.group)
            child.forget_pulse()
        self._steps, self._watched = [], []

    def _start(self, watched: _Watched) -> None:
        program = watched.service.program
        # Nothing of it should be there; after a kill of launcher and guardian at once something is.
        kill_group(program.describe_group(self._run_id, watched.order))
        watched.service.before_start()
        watched.child = start_child(program, self._run_id, watched.order, self._guardian)
        watched.started_at = self._clock()
        watched.ready_at = watched.restart_at = watched.hearing = None

    def _await_first_time(self, watched: _Watched) -> bool:
        """Whether the service has become ready; raises ServiceFailedError as soon as it is clear that it will not."""
        service, child = watched.service, watched.child
        decision = decide(watched.condition, service, self._clock())
        if child is None or decision is Decision.SCHEDULE:
            raise ServiceFailedError(_tell_failure(service.program, child.describe_end() if child else "did not start"))
        if decision is Decision.GIVE_UP_WAITING:
            raise ServiceFailedError(_tell_failure(service.program, _say_late(service)))
        if decision is Decision.PROBE and self._probe(watched):
            self._report(f"{service.name} ready in {self._age(watched):.1f} s")
        return watched.ready_at is not None

    def _probe(self, watched: _Watched) -> bool:
        now = self._clock()
        if now - watched.probed_at < (POLL_SECONDS if watched.failures == 0 else PROBE_SECONDS):
            return False
        is_ready = self._ask(watched.service)
        watched.probed_at = self._clock()
        if is_ready:
            watched.become_ready(watched.probed_at)
        return is_ready

    def _ask(self, service: Service) -> bool:
        try:
            return service.is_ready()
        except Exception as error:  # noqa: BLE001 -- whatever a probe meets, the other services must go on
            self._report(f"{service.name} could not be asked whether it is ready: {error!r}")
            return False

    def _age(self, watched: _Watched) -> float:
        return self._clock() - (watched.started_at or self._clock())

    def _tend(self, excepted: set[int]) -> None:
        """Look after every service that has once been ready, the guardian, and the logs."""
        if self._guardian.keep_alive():
            self._report("guardian had ended; started it again")
        for watched in self._watched:
            if id(watched) not in excepted:
                self._tend_service(watched)
        if self._clock() - self._logs_capped_at > CAP_LOGS_SECONDS:
            self._logs_capped_at = self._clock()
            for watched in self._watched:
                cap_log(watched.service.program.log)

    def _tend_service(self, watched: _Watched) -> None:
        watched.listen(self._clock())
        decision = decide(watched.condition, watched.service, self._clock())
        if decision is Decision.PROBE and self._probe(watched):
            self._report(f"{watched.service.name} is back after {self._age(watched):.1f} s")
        elif decision is Decision.FORGIVE:
            watched.failures = 0
        elif decision is Decision.GIVE_UP_WAITING:
            self._schedule(watched, _say_late(watched.service))
        elif decision is Decision.SCHEDULE:
            self._schedule(watched, watched.child.describe_end() if watched.child else "could not be started")
        elif decision is Decision.START:
            self._start_again(watched)
        elif watched.hearing is not None:
            self._tend_hung(watched, watched.hearing, decision)

    def _tend_hung(self, watched: _Watched, hearing: Hearing, decision: Decision) -> None:
        """End a service that hangs; of one that is not started again for it, tell once, and when it is over."""
        if decision is Decision.END_HUNG:
            self._schedule(watched, say_silent(hearing.watch))
        elif decision is Decision.TELL_HUNG and not hearing.is_told:
            hearing.is_told = True
            self._report(f"{watched.service.name} {say_silent(hearing.watch)}; see {watched.service.program.log}")
        elif hearing.is_told and not hearing.silent_looks:
            hearing.is_told = False
            self._report(f"{watched.service.name} gives signs of life again")

    def _schedule(self, watched: _Watched, reason: str) -> None:
        """End what is left of the service, so that its successor finds its ports and files free, and set a time.

        What not even SIGKILL ends (it hangs in the kernel, on a dead disk) has no successor; it is tried again later.
        """
        if watched.child is not None and not self._end(watched.child):
            self._report(
                f"{watched.service.name} {reason} and cannot be ended: it hangs in the kernel, on a dead disk?"
            )
            watched.wait_again(self._clock())
            return
        watched.child = None
        watched.failures += 1
        delay = choose_delay(watched.failures, watched.service.first_delay)
        watched.restart_at = self._clock() + delay
        self._report(f"{watched.service.name} {reason}; starting it again in {delay:.0f} s")

    def _end(self, child: Child) -> bool:
        kill_group(child.group)
        try:
            child.process.wait(timeout=ENDED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            return False
        self._guardian.forget(child.group)
        child.forget_pulse()
        return True

    def _start_again(self, watched: _Watched) -> None:
        try:
            self._start(watched)
        except (ServiceFailedError, OSError) as error:
            watched.child = None
            self._schedule(watched, f"could not be started ({error})")

    def _judge_step(self, child: Child, started: float, within: float) -> None:
        if child.is_running and self._clock() - started > within:
            raise ServiceFailedError(_tell_failure(child.program, f"took longer than {within:.0f} s"))
        if not child.is_running and child.process.returncode != 0:
            raise ServiceFailedError(_tell_failure(child.program, child.describe_end()))

    def _forget_steps(self) -> None:
        for child in self._steps:
            kill_group(child.group)
            self._guardian.forget(child.group)
        self._steps = []


def _say_late(service: Service) -> str:
    return f"was not ready within {service.ready_within:.0f} s"


def _tell_failure(program: Program, reason: str) -> str:
    lines = [f"    {line}" for line in read_last_lines(program.log, LINES_SHOWN)]
    return "\n".join([*lines, f"{program.name} {reason}; its log is {program.log}"])


def _show_news(child: Child, seen: int, show: Callable[[str], None]) -> int:
    """Show the whole lines written since ``seen`` bytes; gives up to where they go."""
    with child.program.log.open("rb") as log:
        log.seek(seen)
        news = log.read()
    whole = news[: news.rfind(b"\n") + 1]
    for line in whole.decode(errors="replace").splitlines():
        show(line)
    return seen + len(whole)
