"""The real MediaMTX with our configuration: it loads, records, calls the hook, and answers our client."""

import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mediamtx import hook
from mediamtx.client import MediaMTXClient
from mediamtx.config import DOCKER_CONFIG, render_street_config
from tests.mediamtx.conftest import RawServer, make_answer
from tests.real import answers, find_free_ports, publish, run_mediamtx, run_program, wait_until

pytestmark = pytest.mark.integration

NAME = "stream_7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f"
HOOK = (sys.executable, "-I", "-S", hook.__file__)


def test_our_configuration_is_in_force(mediamtx_binary: Path, tmp_path: Path) -> None:
    folder = tmp_path / "a folder with 'quotes' and spaces"
    folder.mkdir()
    with run_mediamtx(mediamtx_binary, folder) as running:
        assert running.client.get_info().version == "v1.20.1"
        assert running.client.list_paths().paths == ()
        assert [entry["name"] for entry in running.client.list_config_paths()] == ["all_others"]
        defaults = running.client.get_path_defaults()
    names = ["record", "recordPath", "recordFormat", "recordPartDuration", "recordSegmentDuration", "recordDeleteAfter"]
    path = f"{folder}/recordings/%path/%Y-%m-%d_%H-%M-%S-%f"
    assert [defaults[name] for name in names] == [True, path, "fmp4", "4s", "30m0s", "7d"]


def test_a_publisher_is_online_recorded_and_announced(
    mediamtx_binary: Path, tmp_path: Path, serve: Callable[..., RawServer]
) -> None:
    backend = serve(make_answer(b"", "204 No Content"))
    environ = {"VMS_HOOK_URL": f"{backend.url}/hooks/mediamtx", "VMS_HOOK_SECRET": "s3cret"}
    with run_mediamtx(mediamtx_binary, tmp_path, hook_command=HOOK, environ=environ) as running:
        with publish(running.rtsp_port, NAME):
            wait_until(lambda: running.client.list_paths().online_names == {NAME}, "the path is online")
            state = running.client.get_path(NAME)
            assert state is not None
            assert (state.source_type, state.tracks, state.readers) == ("rtspSession", ("H264",), 0)
            wait_until(lambda: any((tmp_path / "recordings" / NAME).glob("*.mp4")), "a file is written")
            wait_until(lambda: find_events(backend) == ["online"], "the hook told of the picture")
        wait_until(lambda: running.client.list_paths().online_names == frozenset(), "the path is gone")
        assert running.client.get_path(NAME) is None
        wait_until(lambda: find_events(backend) == ["online", "offline"], "the hook told of its end")
        told_of_files = ("segment_create", "segment_complete")
        wait_until(lambda: sorted(find_events(backend, told_of_files)) == sorted(told_of_files), "and of the file")
        log = running.log.read_text()
    assert any(f"path={NAME}&source_type=rtspSession&source_id=".encode() in each for each in backend.requests)
    assert b"X-Hook-Secret: s3cret\r\n" in backend.requests[0]
    assert [line for line in log.splitlines() if " ERR " in line] == []


def find_events(backend: RawServer, kinds: tuple[str, ...] = ("online", "offline")) -> list[str]:
    """Give the events of these kinds in the order in which they came."""
    bodies = [request.partition(b"\r\n\r\n")[2].decode() for request in backend.requests]
    events = [body.partition("event=")[2].partition("&")[0] for body in bodies]
    return [event for event in events if event in kinds]


def test_a_newer_publisher_displaces_no_older_one(mediamtx_binary: Path, tmp_path: Path) -> None:
    with run_mediamtx(mediamtx_binary, tmp_path) as running, publish(running.rtsp_port, NAME) as older:
        wait_until(lambda: NAME in running.client.list_paths().online_names, "the first is online")
        with publish(running.rtsp_port, NAME) as newer:
            wait_until(lambda: newer.poll() is not None, "the newer one was refused")
            assert older.poll() is None
        older.kill()
        with publish(running.rtsp_port, NAME) as newer:
            wait_until(lambda: NAME not in running.client.list_paths().online_names, "the older one is gone")
            wait_until(lambda: NAME in running.client.list_paths().online_names, "the newer one is online")
            assert newer.poll() is None


def test_dockers_configuration_loads(mediamtx_binary: Path, tmp_path: Path) -> None:
    text = DOCKER_CONFIG.read_text()
    standard = [9997, 8554, 8888, 8889, 8189]
    ports = find_free_ports(len(standard))
    for port, free in zip(standard, ports, strict=True):
        text = text.replace(f'":{port}"', f'"127.0.0.1:{free}"')
    config, log = tmp_path / "mediamtx.yml", tmp_path / "log"
    config.write_text(text)
    with log.open("wb") as output, run_program([mediamtx_binary, config], output, {"TZ": "UTC"}) as process:
        client = MediaMTXClient(f"http://127.0.0.1:{ports[0]}")
        wait_until(lambda: process.poll() is not None or answers(client), "MediaMTX answers")
        assert process.poll() is None, log.read_text()
        assert client.get_path_defaults()["runOnOffline"] == "/hooks/hook.sh offline"


def test_the_street_plays_a_camera_and_records_nothing(mediamtx_binary: Path, tmp_path: Path) -> None:
    (port,) = find_free_ports(1)
    config = tmp_path / "street.yml"
    config.write_text(render_street_config(rtsp_address=f"127.0.0.1:{port}"))
    with run_program([mediamtx_binary, config], subprocess.DEVNULL, {"TZ": "UTC"}) as process:
        wait_until(lambda: is_listening(port), "the street listens")
        with publish(port, "gate", seconds=3) as camera:
            assert camera.wait(20) == 0
        assert process.poll() is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["street.yml"]


def is_listening(port: int) -> bool:
    """Whether someone accepts connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
