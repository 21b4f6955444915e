"""The real MediaMTX and real publishers, on free ports, for the tests of every room."""

import os
import socket
import subprocess
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

from mediamtx.binary import find_or_get_binary
from mediamtx.client import MediaMTXClient
from mediamtx.config import ConfigValues, render_config
from mediamtx.errors import MediaMTXUnavailable
from mediamtx.workshop import find_cache_dir


@dataclass
class RunningMediaMTX:
    """The real MediaMTX with our configuration."""

    process: subprocess.Popen[bytes]
    client: MediaMTXClient
    api_url: str
    rtsp_url: str
    hls_url: str
    webrtc_url: str
    rtsp_port: int
    recordings: Path
    config: Path
    log: Path


def find_free_ports(count: int) -> list[int]:
    """Give TCP ports that were free a moment ago, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [listener.getsockname()[1] for listener in sockets]
    for listener in sockets:
        listener.close()
    return ports


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 20) -> None:
    """Wait for a condition, with a deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)


def get_mediamtx_binary() -> Path:
    """Give the real program, out of the cache or got now."""
    return find_or_get_binary(cache_dir=find_cache_dir(os.environ), environ=os.environ, report=print)


@contextmanager
def run_mediamtx(
    binary: Path,
    folder: Path,
    *,
    hook_command: tuple[str, ...] = (),
    environ: dict[str, str] | None = None,
    allow_origins: tuple[str, ...] = ("*",),
    authorise_at: str | None = None,
) -> Generator[RunningMediaMTX, None, None]:
    """Run MediaMTX with our configuration until the block ends; unless it asks somewhere, everybody may do all."""
    api, rtsp, hls, webrtc, udp = find_free_ports(5)
    values = ConfigValues(
        record_root=folder / "recordings",
        api_address=f"127.0.0.1:{api}",
        rtsp_address=f"127.0.0.1:{rtsp}",
        hls_address=f"127.0.0.1:{hls}",
        webrtc_address=f"127.0.0.1:{webrtc}",
        webrtc_udp_address=f"127.0.0.1:{udp}",
        allow_origins=allow_origins,
        hook_command=hook_command,
        authorise_at=authorise_at,
    )
    config, log = folder / "mediamtx.yml", folder / "mediamtx.log"
    config.write_text(render_config(values))
    with log.open("wb") as output, run_program([binary, config], output, {"TZ": "UTC", **(environ or {})}) as process:
        client = MediaMTXClient(f"http://127.0.0.1:{api}")
        wait_until(lambda: process.poll() is not None or answers(client), "MediaMTX answers")
        assert process.poll() is None, log.read_text()
        yield RunningMediaMTX(
            process=process,
            client=client,
            api_url=f"http://127.0.0.1:{api}",
            rtsp_url=f"rtsp://127.0.0.1:{rtsp}",
            hls_url=f"http://127.0.0.1:{hls}",
            webrtc_url=f"http://127.0.0.1:{webrtc}",
            rtsp_port=rtsp,
            recordings=folder / "recordings",
            config=config,
            log=log,
        )


@contextmanager
def run_program(
    argv: list[str | Path], output: object, environ: dict[str, str]
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Run a program until the block ends; it is then ended, whatever happened."""
    process = subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environ},  # type: ignore[call-overload]  # any file will do
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def publish(
    rtsp_port: int, name: str, *, seconds: int = 60, credentials: str = ""
) -> Generator[subprocess.Popen[bytes], None, None]:
    """Publish a small moving picture under a path name with the ffmpeg that the project ships.

    `credentials` are a user name and a password with a colon between them.
    """
    source = "testsrc2=size=160x120:rate=10"
    argv = [
        imageio_ffmpeg.get_ffmpeg_exe(),
        "-loglevel",
        "error",
        "-re",
        "-f",
        "lavfi",
        "-i",
        source,
        "-t",
        str(seconds),
    ]
    argv += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"]
    argv += [
        "-f",
        "rtsp",
        "-rtsp_transport",
        "tcp",
        f"rtsp://{credentials + '@' if credentials else ''}127.0.0.1:{rtsp_port}/{name}",
    ]
    with run_program(list(argv), subprocess.DEVNULL, {}) as process:
        yield process


def answers(client: MediaMTXClient) -> bool:
    """Whether the API answers."""
    try:
        client.get_info()
    except MediaMTXUnavailable:
        return False
    return True
