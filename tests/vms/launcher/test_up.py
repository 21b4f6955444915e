"""`manage.py up` itself, with everything real."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.vms.launcher.conftest import CHECKOUT, wait_until
from vms.launcher.folders import make_run_folder
from vms.launcher.guardian import find_tagged
from vms.launcher.ownership import choose_owner
from vms.launcher.up import describe_demo, name_run

pytestmark = pytest.mark.integration

PORTS = ("VMS_PORT", "VMS_MEDIAMTX_API_PORT", "VMS_RTSP_PORT", "VMS_HLS_PORT", "VMS_WEBRTC_PORT", "VMS_STREET_PORT")


def choose_free_ports() -> dict[str, str]:
    """A free port for each variable, and one for UDP."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in (*PORTS, "udp")]
        numbers = [str(server.getsockname()[1]) for server in servers]
    return dict(zip((*PORTS, "VMS_WEBRTC_UDP_PORT"), numbers, strict=True))


@pytest.fixture
def environ() -> Iterator[dict[str, str]]:
    """The environment of a whole installation of its own, in a folder that Postgres's account can reach."""
    folder = make_run_folder(choose_owner(os.geteuid()))
    own = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "MEDIAMTX_API_URL", "MEDIAMTX_RTSP_URL")
    kept = {name: value for name, value in os.environ.items() if name not in own}
    yield {**kept, **choose_free_ports(), "VMS_DATA": str(folder / "data"), "VMS_DEMO_CAMERAS": "1"}
    shutil.rmtree(folder)


@pytest.fixture
def started(environ: dict[str, str]) -> Iterator[list["Up"]]:
    """Launchers that were started; none outlives the test."""
    launchers: list[Up] = []
    yield launchers
    for launcher in launchers:
        launcher.process.terminate()
        launcher.process.wait(timeout=60)


class Up:
    """One `manage.py up` and what it says."""

    def __init__(self, environ: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "manage.py", "up"],
            cwd=CHECKOUT,
            env=environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.lines: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout is not None
        self.lines.extend(line.rstrip("\n") for line in iter(self.process.stdout.readline, ""))

    def wait_until_ready(self) -> None:
        """Wait for the line that says so."""
        wait_until(lambda: self._is_ready() or self.process.poll() is not None, within=150.0)
        assert self._is_ready(), "\n".join(self.lines)

    def _is_ready(self) -> bool:
        return bool(self.lines) and self.lines[-1].startswith("VMS ready")


@pytest.mark.timeout(400)
def test_installation_starts_survives_a_kill_and_leaves_nothing(environ: dict[str, str], started: list[Up]) -> None:
    data = Path(environ["VMS_DATA"])
    first = Up(environ)
    started.append(first)
    first.wait_until_ready()
    assert first.lines[-1 - len(describe_demo(data / "demo.json")) : -1] == describe_demo(data / "demo.json")
    assert len(find_tagged(name_run(data))) >= 8

    second = subprocess.run(
        [sys.executable, "manage.py", "up"], cwd=CHECKOUT, env=environ, capture_output=True, text=True, check=False
    )
    assert second.returncode == 2
    assert second.stderr.startswith(f"Another `manage.py up` (process {first.process.pid}) is running on {data}")

    first.process.kill()
    third = Up(environ)
    started.append(third)
    third.wait_until_ready()
    third.process.send_signal(signal.SIGINT)
    assert third.process.wait(timeout=60) == 0
    assert find_tagged(name_run(data)) == set()
    assert not (data / "embedded.json").exists()


@pytest.mark.timeout(60)
def test_port_in_use_ends_it_with_one_sentence(environ: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        ended = subprocess.run(
            [sys.executable, "manage.py", "up"],
            cwd=CHECKOUT,
            env={**environ, "VMS_PORT": port},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == 2
    assert ended.stderr == (
        f"Port {port} (the web pages) is in use on 127.0.0.1: "
        "stop the program that holds it, or choose another port with VMS_PORT.\n"
    )
