"""What keeps a launcher from starting, and the sentence it ends with."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vms.launcher import preflight
from vms.launcher.errors import NotStartedError
from vms.launcher.preflight import Listener
from vms.launcher.settings import LauncherSettings


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def find_free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_port_in_use_is_named_with_its_variable(taken: int) -> None:
    with pytest.raises(NotStartedError) as caught:
        preflight.check_ports([Listener("VMS_PORT", "the web pages", taken, "127.0.0.1")])
    assert str(caught.value) == (
        f"Port {taken} (the web pages) is in use on 127.0.0.1: "
        "stop the program that holds it, or choose another port with VMS_PORT."
    )


def test_all_ports_in_use_are_named_at_once(taken: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as media:
        media.bind(("127.0.0.1", 0))
        udp = media.getsockname()[1]
        with pytest.raises(NotStartedError) as caught:
            preflight.check_ports(
                [
                    Listener("VMS_RTSP_PORT", "RTSP", taken, "127.0.0.1"),
                    Listener("VMS_WEBRTC_UDP_PORT", "WebRTC media", udp, "127.0.0.1", is_udp=True),
                ],
            )
    assert [line.split(" (")[0] for line in str(caught.value).splitlines()] == [f"Port {taken}", f"UDP port {udp}"]


def test_port_wanted_twice_is_named() -> None:
    port = find_free_port()
    twice = [Listener(name, "x", port, "127.0.0.1") for name in ("VMS_PORT", "VMS_RTSP_PORT")]
    with pytest.raises(NotStartedError) as caught:
        preflight.check_ports(twice)
    assert str(caught.value) == f"VMS_PORT and VMS_RTSP_PORT are both {port}: give each its own port."


def test_tcp_and_udp_may_share_a_number() -> None:
    port = find_free_port()
    preflight.check_ports(
        [Listener("VMS_PORT", "x", port, "127.0.0.1"), Listener("VMS_UDP", "x", port, "127.0.0.1", is_udp=True)]
    )


def test_foreign_address_is_named() -> None:
    with pytest.raises(NotStartedError) as caught:
        preflight.check_ports([Listener("VMS_PORT", "the web pages", find_free_port(), "192.0.2.1")])
    assert str(caught.value) == "192.0.2.1 is no address of this machine: correct VMS_BIND."


def test_outside_services_need_no_ports() -> None:
    settings = LauncherSettings.from_environ({"MEDIAMTX_API_URL": "http://10.0.0.5:9997", "VMS_DEMO_CAMERAS": "0"})
    assert [listener.variable for listener in preflight.list_listeners(settings)] == ["VMS_PORT"]


def test_wrong_values_are_named_together() -> None:
    with pytest.raises(NotStartedError) as caught:
        LauncherSettings.from_environ({"VMS_PORT": "http", "VMS_DEMO_CAMERAS": "9"})
    assert str(caught.value).splitlines() == [
        "VMS_DEMO_CAMERAS is '9'; set it to a whole number from 0 to 4.",
        "VMS_PORT is 'http'; set it to a whole number from 1 to 65535.",
    ]


def test_file_in_the_way_of_the_data_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    with pytest.raises(NotStartedError) as caught:
        preflight.check_folder(tmp_path / "data", "VMS_DATA")
    assert str(caught.value) == (
        f"{tmp_path / 'data'} cannot be written (File exists): correct its rights, or set VMS_DATA to another folder."
    )


@pytest.mark.parametrize(
    ("begun", "free", "enough"), [(False, 1023, False), (False, 1024, True), (True, 99, False), (True, 100, True)]
)
def test_a_first_start_wants_more_room_than_a_later_one(
    tmp_path: Path, *, begun: bool, free: int, enough: bool
) -> None:
    if begun:
        (tmp_path / "postgres").mkdir()
    problem = ""
    try:
        preflight.check_room(tmp_path, lambda _path: free * preflight.MEBIBYTE)
    except NotStartedError as error:
        problem = str(error)
    wanted = 100 if begun else 1024
    assert problem == (
        ""
        if enough
        else f"Only {free} MB are free where {tmp_path} is, and {wanted} MB are needed: "
        "free some space, or set VMS_DATA to a folder on a larger disk."
    )


def test_second_launcher_on_one_folder_is_refused(tmp_path: Path) -> None:
    said: list[str] = []
    with (
        preflight.hold_lock(tmp_path, said.append, time.sleep),
        pytest.raises(NotStartedError) as caught,
        preflight.hold_lock(tmp_path, said.append, time.sleep),
    ):
        pass
    assert str(caught.value).startswith(f"Another `manage.py up` (process {os.getpid()}) is running on {tmp_path}: ")
    assert said == []


def test_lock_of_a_killed_launcher_is_waited_for_while_its_guardian_holds_it(tmp_path: Path) -> None:
    said: list[str] = []
    guardian = (
        "import fcntl, os, sys, time\n"
        "lock = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)\n"
        "fcntl.flock(lock, fcntl.LOCK_EX)\n"
        "gone = os.fork() or os._exit(0)\n"
        "os.waitpid(gone, 0)\n"
        "os.write(lock, str(gone).encode())\n"
        "print('held', flush=True)\n"
        "time.sleep(0.7)\n"
    )
    command = [sys.executable, "-c", guardian, str(tmp_path / "up.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with preflight.hold_lock(tmp_path, said.append, time.sleep):
            assert (tmp_path / "up.lock").read_text(encoding="ascii") == f"{os.getpid()}\n"
    assert said == ["an earlier run was killed and its services are still being stopped; waiting for them"]
