"""The supervisor, on tiny real programs."""

import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.vms.launcher.conftest import RunningLauncher, is_alive, wait_until
from tests.vms.launcher.scenario import describe_service
from vms.launcher.children import Program
from vms.launcher.guarding import Guardian
from vms.launcher.hearing import Watch
from vms.launcher.stopping import StopRequests
from vms.launcher.supervisor import Condition, Decision, Service, Supervisor, choose_delay, decide

Start = Callable[..., RunningLauncher]


def make_service(*, ready_within: float = 30.0, steady_for: float = 0.0) -> Service:
    program = Program(name="x", argv=("x",), env={}, log=Path("x.log"))
    return Service(program=program, is_ready=lambda: True, ready_within=ready_within, steady_for=steady_for)


def test_delay_doubles_up_to_half_a_minute() -> None:
    assert [choose_delay(failures, 1.0) for failures in range(1, 8)] == [1, 2, 4, 8, 16, 30, 30]
    assert [choose_delay(failures, 20.0) for failures in (1, 5, 6, 2000)] == [20, 20, 30, 30]


@pytest.mark.parametrize(
    ("condition", "now", "decision"),
    [
        (Condition(is_running=True, started_at=100.0), 100.5, Decision.PROBE),
        (Condition(is_running=True, started_at=100.0), 131.0, Decision.GIVE_UP_WAITING),
        (Condition(is_running=True, started_at=100.0, ready_at=101.0), 500.0, Decision.LEAVE),
        (Condition(is_running=True, started_at=100.0, ready_at=101.0, failures=2), 160.9, Decision.LEAVE),
        (Condition(is_running=True, started_at=100.0, ready_at=101.0, failures=2), 161.0, Decision.FORGIVE),
        (Condition(is_running=False, started_at=100.0, ready_at=101.0), 102.0, Decision.SCHEDULE),
        (Condition(is_running=False, failures=1, restart_at=103.0), 102.9, Decision.LEAVE),
        (Condition(is_running=False, failures=1, restart_at=103.0), 103.0, Decision.START),
    ],
)
def test_condition_decides(condition: Condition, now: float, decision: Decision) -> None:
    assert decide(condition, make_service(), now) == decision


def test_program_must_live_a_while_before_it_is_probed() -> None:
    service = make_service(steady_for=2.0)
    assert decide(Condition(is_running=True, started_at=100.0), service, 101.9) == Decision.LEAVE
    assert decide(Condition(is_running=True, started_at=100.0), service, 102.0) == Decision.PROBE


@pytest.mark.parametrize(
    ("watch", "silent_looks", "decision"),
    [
        (Watch(looks=6), 5, Decision.LEAVE),
        (Watch(looks=6), 6, Decision.END_HUNG),
        (Watch(looks=6, restarts=False), 6, Decision.TELL_HUNG),
        (None, 6, Decision.LEAVE),
    ],
)
def test_only_what_was_silent_again_and_again_hangs(watch: Watch | None, silent_looks: int, decision: Decision) -> None:
    condition = Condition(is_running=True, started_at=100.0, ready_at=101.0, silent_looks=silent_looks)
    assert decide(condition, replace(make_service(), watch=watch), 500.0) == decision


def test_what_still_starts_does_not_hang() -> None:
    condition = Condition(is_running=True, started_at=100.0, silent_looks=9)
    assert decide(condition, replace(make_service(), watch=Watch(looks=6)), 101.0) == Decision.PROBE


def test_stages_start_in_order_and_stop_in_reverse(run_scenario: Start) -> None:
    slow = {"name": "first", "code": "time.sleep(0.4)\nnote('became ready')"}
    launcher = run_scenario([slow], [{"name": "second"}, {"name": "third"}], [{"name": "fourth"}])
    launcher.wait_for("all ready")
    assert launcher.events[:2] == ["first started", "first became ready"]
    assert sorted(launcher.events[2:4]) == ["second started", "third started"]
    assert launcher.events[4:] == ["fourth started"]
    launcher.process.send_signal(signal.SIGINT)
    assert launcher.process.wait(timeout=10) == 0
    assert launcher.events[5] == "fourth stopped"
    assert sorted(launcher.events[6:8]) == ["second stopped", "third stopped"]
    assert launcher.events[8:] == ["first stopped"]
    wait_until(lambda: not is_alive(launcher.guardian))


@pytest.mark.parametrize(
    ("tried", "reason"),
    [
        ({"name": "luxury", "within": 1.0}, "luxury took longer than 1 s"),
        ({"name": "luxury", "within": 9.0, "code": "sys.exit(3)"}, "luxury ended with exit code 3"),
    ],
)
def test_what_is_only_tried_holds_nothing_up(run_scenario: Start, tried: dict[str, object], reason: str) -> None:
    launcher = run_scenario([{"name": "server"}], tried, [{"name": "other"}])
    launcher.wait_for(reason)
    launcher.wait_for("all ready")
    assert is_alive(launcher.pid_of("server"))
    assert not is_alive(launcher.pid_of("luxury"))


def test_killed_program_is_started_again_after_its_delay(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "server", "first_delay": 0.5}])
    launcher.wait_for("all ready")
    for failures in (1, 2):
        old = launcher.pid_of("server")
        os.kill(old, signal.SIGKILL)
        wait_until(lambda old=old: launcher.pid_of("server") != old)  # type: ignore[misc]  # binds the loop's value
        wait_until(lambda failures=failures: _count(launcher, "server is back") == failures)  # type: ignore[misc]  # the same
    killed = [moment for moment, line in launcher.lines if line.startswith("server was ended by signal SIGKILL")]
    back = [moment for moment, line in launcher.lines if line.startswith("server is back")]
    assert [later - earlier >= wait for earlier, later, wait in zip(killed, back, (1.0, 2.0), strict=True)] == [
        True,
        True,
    ]


def test_what_hangs_is_started_again(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "server", "watched": {}}, {"name": "other", "watched": {}}])
    launcher.wait_for("all ready")
    old, other = launcher.pid_of("server"), launcher.pid_of("other")
    os.kill(old, signal.SIGSTOP)
    launcher.wait_for("server gave no sign of life for 1 s; starting it again in 1 s")
    launcher.wait_for("server is back")
    assert [is_alive(old), launcher.pid_of("server") != old, launcher.pid_of("other") == other] == [False, True, True]


def test_what_is_never_killed_for_its_silence_is_told_of_once(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "database", "watched": {"restarts": False}}])
    launcher.wait_for("all ready")
    pid = launcher.pid_of("database")
    os.kill(pid, signal.SIGSTOP)
    launcher.wait_for("database gave no sign of life for 1 s; see ")
    os.kill(pid, signal.SIGCONT)
    launcher.wait_for("database gives signs of life again")
    assert [launcher.pid_of("database"), _count(launcher, "database gave no sign")] == [pid, 1]


def test_what_not_even_a_kill_ends_holds_nobody_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("vms.launcher.supervisor.ENDED_WITHIN_SECONDS", 0.05)
    said: list[str] = []
    guardian = Guardian()
    supervisor = Supervisor(run_id=tmp_path.name, guardian=guardian, requests=StopRequests(), report=said.append)
    entry = {"name": "server", "watched": {}}
    try:
        supervisor.start_stage([describe_service(tmp_path, entry)])
        pid = int((tmp_path / "server.pid").read_text())
        os.kill(pid, signal.SIGSTOP)
        with monkeypatch.context() as in_the_kernel:
            # A process on a dead disk outlives SIGKILL; one that is not sent it stands for it.
            in_the_kernel.setattr("vms.launcher.supervisor.kill_group", lambda _group: None)
            supervisor.watch_until(lambda: any("cannot be ended" in line for line in said), within=10.0)
        assert is_alive(pid)
        supervisor.watch_until(lambda: any("starting it again" in line for line in said), within=10.0)
        assert not is_alive(pid)
    finally:
        supervisor.stop()
        guardian.dismiss()


def test_what_dies_while_the_whole_is_not_yet_well_is_started_again(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "server"}], 8.0)
    launcher.wait_for("waiting")
    os.kill(launcher.pid_of("server"), signal.SIGKILL)
    assert launcher.wait_for("server is back") < launcher.wait_for("all ready")


def test_children_of_a_killed_program_are_gone_before_its_successor_starts(run_scenario: Start) -> None:
    in_a_session_of_its_own = (
        "sleep = [sys.executable, '-S', '-c', 'import time; time.sleep(600)']\n"
        "child = subprocess.Popen(sleep, start_new_session=True)\n"
        "(folder / f'child-{os.getpid()}').write_text(str(child.pid))"
    )
    launcher = run_scenario([{"name": "server", "code": in_a_session_of_its_own}])
    launcher.wait_for("all ready")
    old = launcher.pid_of("server")
    child = int((launcher.folder / f"child-{old}").read_text(encoding="utf-8"))
    assert is_alive(child)
    os.kill(old, signal.SIGKILL)
    wait_until(lambda: not is_alive(child), within=3.0)
    launcher.wait_for("server is back")


def test_nothing_outlives_a_killed_launcher(run_scenario: Start) -> None:
    deaf = {"name": "deaf", "code": "signal.signal(signal.SIGTERM, signal.SIG_IGN)", "stop_within": 0.5}
    launcher = run_scenario([{"name": "first"}], [{"name": "second"}, deaf])
    launcher.wait_for("all ready")
    pids = [launcher.process.pid, launcher.guardian, *(launcher.pid_of(name) for name in ("first", "second", "deaf"))]
    launcher.process.kill()
    wait_until(lambda: not any(map(is_alive, pids)))
    assert launcher.events[-2:] == ["second stopped", "first stopped"]


def test_launcher_killed_while_starting_leaves_nothing(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "first"}], [{"name": "slow", "code": "time.sleep(600)"}])
    pids = [launcher.pid_of("first"), launcher.pid_of("slow"), launcher.guardian]
    launcher.process.kill()
    wait_until(lambda: not any(map(is_alive, pids)))


def test_killed_guardian_is_replaced_and_does_its_work(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "server"}])
    launcher.wait_for("all ready")
    os.kill(launcher.guardian, signal.SIGKILL)
    launcher.wait_for("guardian had ended")
    server = launcher.pid_of("server")
    launcher.process.kill()
    wait_until(lambda: not is_alive(server))


def test_being_asked_to_stop_while_starting_is_obeyed(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "first"}], [{"name": "slow", "code": "time.sleep(600)"}])
    slow = launcher.pid_of("slow")
    launcher.process.send_signal(signal.SIGTERM)
    assert launcher.process.wait(timeout=5) == 0
    assert not is_alive(slow)
    assert launcher.events[-1] == "first stopped"


def test_second_interrupt_ends_everything_at_once(run_scenario: Start) -> None:
    deaf = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
    launcher = run_scenario([{"name": "deaf", "code": deaf, "stop_within": 60.0}])
    launcher.wait_for("all ready")
    pid = launcher.pid_of("deaf")
    launcher.process.send_signal(signal.SIGINT)
    _interrupt_until_ended(launcher)
    assert launcher.process.returncode == 0
    assert not is_alive(pid)


def test_service_that_fails_at_first_stops_everything_and_shows_its_last_words(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "first"}], [{"name": "broken", "code": "sys.exit('no such thing as luck')"}])
    assert launcher.process.wait(timeout=10) == 1
    launcher.wait_for("failed:     no such thing as luck")
    assert launcher.events[-1] == "first stopped"


def test_service_that_never_becomes_ready_fails(run_scenario: Start) -> None:
    launcher = run_scenario([{"name": "slow", "code": "time.sleep(600)", "ready_within": 0.5}])
    assert launcher.process.wait(timeout=10) == 1
    launcher.wait_for("failed: slow was not ready within 0 s")


def _count(launcher: RunningLauncher, text: str) -> int:
    return sum(line.startswith(text) for _, line in launcher.lines)


def _interrupt_until_ended(launcher: RunningLauncher) -> None:
    # Interrupts within a second of the first count as the same one, so they are repeated.
    def has_ended() -> bool:
        launcher.process.send_signal(signal.SIGINT)
        return launcher.process.poll() is not None

    wait_until(has_ended, within=10.0)
