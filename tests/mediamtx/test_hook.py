"""The script that MediaMTX starts at each event."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs

import pytest

from mediamtx import hook
from mediamtx.hook import build_request, split_authority
from tests.mediamtx.conftest import RawServer, make_answer

Serve = Callable[..., RawServer]

SCRIPT = hook.__file__
DOCKER_SCRIPT = Path(SCRIPT).parent.parent / "docker" / "hook.sh"
EVENT = {"MTX_PATH": "stream_1", "MTX_SOURCE_TYPE": "rtspSession", "MTX_SOURCE_ID": "abc", "VMS_HOOK_SECRET": "s3cret"}
NO_CONTENT = make_answer(b"", "204 No Content")


def run_hook(event: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the script as MediaMTX does."""
    argv = [sys.executable, "-I", "-S", SCRIPT, event]
    return subprocess.run(argv, env=EVENT | environ, capture_output=True, text=True, timeout=20, check=False)


def test_the_backend_hears_the_event(serve: Serve) -> None:
    server = serve(NO_CONTENT)
    done = run_hook("online", VMS_HOOK_URL=f"{server.url}/hooks/mediamtx")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    head, body = server.requests[0].split(b"\r\n\r\n")
    assert body == b"event=online&path=stream_1&source_type=rtspSession&source_id=abc"
    assert head.split(b"\r\n")[0] == b"POST /hooks/mediamtx HTTP/1.1"
    assert b"X-Hook-Secret: s3cret" in head.split(b"\r\n")


SEGMENT = {"MTX_SEGMENT_PATH": "/rec/stream_1/2026-01-27_03-00-00-123456.mp4", "MTX_SEGMENT_DURATION": "12.5"}
SEGMENT_BODIES = [
    ("segment_create", "event=segment_create&path=stream_1&segment_path="),
    ("segment_complete", "event=segment_complete&path=stream_1&segment_path="),
]


@pytest.mark.parametrize(("event", "begin"), SEGMENT_BODIES)
def test_the_backend_hears_of_files(serve: Serve, event: str, begin: str) -> None:
    server = serve(NO_CONTENT)
    done = run_hook(event, VMS_HOOK_URL=f"{server.url}/hooks/mediamtx", **SEGMENT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    end = "&segment_duration=12.5" if event == "segment_complete" else ""
    body = server.requests[0].partition(b"\r\n\r\n")[2].decode()
    assert body == f"{begin}%2Frec%2Fstream_1%2F2026-01-27_03-00-00-123456.mp4{end}"


def test_a_refusal_is_one_line_and_success(serve: Serve) -> None:
    server = serve(make_answer(b"", "403 Forbidden"))
    done = run_hook("offline", VMS_HOOK_URL=f"{server.url}/")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "hook offline stream_1: the backend answered 403 Forbidden\n"


def test_a_backend_that_is_away_is_one_line_and_success() -> None:
    done = run_hook("online", VMS_HOOK_URL="http://127.0.0.1:9/")
    assert done.returncode == 0
    assert done.stderr.startswith("hook online stream_1: ")
    assert done.stderr.endswith("Connection refused\n")


@pytest.mark.slow
def test_a_backend_that_hangs_holds_the_hook_for_three_seconds_only(serve: Serve) -> None:
    server = serve(b"HTTP/1.1 ", *cast("list[bytes | float]", [b"2", 0.5] * 30))
    started = time.monotonic()
    done = run_hook("online", VMS_HOOK_URL=f"{server.url}/")
    assert time.monotonic() - started < 6
    assert (done.returncode, done.stderr) == (0, "hook online stream_1: no answer within 3 s\n")


@pytest.mark.parametrize(
    ("event", "environ", "complaint"),
    [
        ("online", {}, "VMS_HOOK_URL is not set"),
        ("online", {"VMS_HOOK_URL": "https://a/"}, "VMS_HOOK_URL must be http://host:port/path"),
        ("online", {"VMS_HOOK_URL": "http://a/", "VMS_HOOK_SECRET": "a\r\nX-Other: b"}, "one line"),
        ("gone", {"VMS_HOOK_URL": "http://a/"}, "usage: hook.py online|offline|segment_create|segment_complete"),
    ],
)
def test_what_is_missing_is_told_in_one_line(event: str, environ: dict[str, str], complaint: str) -> None:
    done = run_hook(event, **environ)
    assert done.returncode == 0
    assert complaint in done.stderr
    assert done.stderr.count("\n") == 1


def test_hostile_values_stay_values() -> None:
    environ = {"VMS_HOOK_URL": "http://[::1]:80/a", "VMS_HOOK_SECRET": "s", "MTX_PATH": "a&event=offline\r\nX: é%"}
    host, port, request = build_request("online", environ)
    assert (host, port) == ("::1", 80)
    assert request.partition(b"\r\n\r\n")[2] == (
        b"event=online&path=a%26event%3Doffline%0D%0AX%3A%20%C3%A9%25&source_type=&source_id="
    )


@pytest.mark.parametrize(
    ("authority", "expected"),
    [("a", ("a", 80)), ("a:8001", ("a", 8001)), ("[::1]", ("::1", 80)), ("[::1]:8001", ("::1", 8001))],
)
def test_hosts_come_with_and_without_ports(authority: str, expected: tuple[str, int]) -> None:
    assert split_authority(authority) == expected


def test_the_hook_loads_few_modules() -> None:
    code = f"import sys; sys.path.insert(0, {str(Path(SCRIPT).parent)!r}); import hook; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert {"http.client", "urllib.parse", "email", "ssl", "threading"} & set(done.stdout.split()) == set()


def run_docker_hook(folder: Path, wget: str, event: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run docker's script with a stand-in for busybox's wget, which test machines need not have."""
    put_program(folder / "wget", wget)
    settings = EVENT | {"PATH": f"{folder}:{os.environ['PATH']}", "VMS_HOOK_URL": "http://web:8001/hooks"} | environ
    argv = ["/bin/sh", str(DOCKER_SCRIPT), event]
    return subprocess.run(argv, env=settings, capture_output=True, text=True, timeout=20, check=False)


def put_program(file: Path, script: str) -> None:
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.mark.parametrize(("event", "begin"), SEGMENT_BODIES)
def test_dockers_hook_tells_of_files_too(tmp_path: Path, event: str, begin: str) -> None:
    done = run_docker_hook(tmp_path, f"cat > {tmp_path}/sent", event, **SEGMENT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    end = "&segment_duration=12.5" if event == "segment_complete" else ""
    assert (tmp_path / "sent").read_text() == f"secret=s3cret&{begin}{SEGMENT['MTX_SEGMENT_PATH']}{end}"


def test_dockers_hook_says_the_same(tmp_path: Path) -> None:
    done = run_docker_hook(tmp_path, f'cat > {tmp_path}/sent; printf "%s\\n" "$@" > {tmp_path}/said', "online")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    said = ["-q", "-O", "/dev/null", "--post-file", "-", "http://web:8001/hooks"]
    assert (tmp_path / "said").read_text().splitlines() == said
    sent = "secret=s3cret&event=online&path=stream_1&source_type=rtspSession&source_id=abc"
    assert (tmp_path / "sent").read_text() == sent


def test_dockers_hook_shows_the_secret_in_no_list_of_processes(tmp_path: Path) -> None:
    """A command's arguments are there for everybody to read, outside of the container too."""
    for name in ("sed", "timeout"):
        put_program(tmp_path / name, f'printf "%s\\n" "$@" >> {tmp_path}/shown\nexec {shutil.which(name)} "$@"')
    secret = "a b+c&d%e=f'g\"h\\n$(i)*;é"
    wget = f'cat > {tmp_path}/sent; printf "%s\\n" "$@" >> {tmp_path}/shown'
    run_docker_hook(tmp_path, wget, "online", VMS_HOOK_SECRET=secret)
    assert parse_qs((tmp_path / "sent").read_text())["secret"] == [secret]
    shown = (tmp_path / "shown").read_text()
    assert ("--post-file" in shown, [part for part in ("a b", "c&d", "(i)", "é") if part in shown]) == (True, [])


@pytest.mark.slow
@pytest.mark.parametrize("wget", ["exit 1", "exec sleep 30"], ids=["refused", "hanging"])
def test_dockers_hook_ends_well_and_soon_where_the_backend_is_away(tmp_path: Path, wget: str) -> None:
    started = time.monotonic()
    done = run_docker_hook(tmp_path, wget, "offline")
    assert time.monotonic() - started < 6
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "hook offline stream_1: the backend gave no good answer within 3 s\n"


@pytest.mark.parametrize(("event", "secret"), [("gone", "s3cret"), ("online", "")])
def test_dockers_hook_tells_what_is_missing(tmp_path: Path, event: str, secret: str) -> None:
    done = run_docker_hook(tmp_path, "exit 1", event, VMS_HOOK_SECRET=secret)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
