"""Relays end to end: a real camera behind a password, the real MediaMTX recording what we publish."""

import http.server
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from uuid import UUID

import pytest

from ffmpeg.binary import find_ffmpeg, list_encoders
from ffmpeg.commands import relay_command
from ffmpeg.demo import demo_feeds
from ffmpeg.failures import Failure, FailureKind
from ffmpeg.process import RelayProcess, start_relay
from ffmpeg.sources import parse_source_url
from footage.reader import read_segment
from mediamtx.names import stream_id_for
from recording.segments.decisions import DiskFile, judge_file
from tests.browser.coded import AT_ONCE, CODING, INPUT, SENDING, code_of, key_each, show_coded, tell_moments
from tests.real import RunningMediaMTX, find_free_ports, publish, run_program, wait_until

pytestmark = pytest.mark.integration

FFMPEG = find_ffmpeg({"PATH": ""})
PROGRAM = str(FFMPEG)
PICTURES = ["-f", "lavfi", "-i", "testsrc2=size=160x120:rate=10"]
SOUND = ["-f", "lavfi", "-i", "sine=frequency=300:sample_rate=16000"]
ENCODE = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "10", "-pix_fmt", "yuv420p"]

CAMERA_OF_RTSP, CAMERA_OF_RTMP = (UUID(f"00000000-0000-4000-8000-00000000c00{number}") for number in (3, 4))


@dataclass
class Street:
    """A MediaMTX that stands for cameras: reading wants the user `viewer` with the password `hunter2`."""

    process: subprocess.Popen[bytes]
    rtsp_port: int
    rtmp_port: int
    log: Path

    def url(self, path: str, userinfo: str = "viewer:hunter2@") -> str:
        return f"rtsp://{userinfo}127.0.0.1:{self.rtsp_port}/{path}"

    def rtmp_url(self, path: str) -> str:
        return f"rtmp://127.0.0.1:{self.rtmp_port}/{path}?user=viewer&pass=hunter2"

    def publish(self, path: str) -> list[str | Path]:
        head = [PROGRAM, "-nostdin", "-loglevel", "error", "-re"]
        tail = ["-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{self.rtsp_port}/{path}"]
        return [*head, *PICTURES, "-re", *SOUND, "-t", "60", *ENCODE, "-c:a", "aac", *tail]


@pytest.fixture
def street(mediamtx_binary: Path, tmp_path: Path) -> Iterator[Street]:
    """A street of our own, so that it may be killed."""
    port, rtmp_port = find_free_ports(2)
    config = tmp_path / "street.yml"
    off = "".join(f"{server}: no\n" for server in ("hls", "webrtc", "srt", "moq"))
    users = (
        "[{user: any, permissions: [{action: publish}]}, {user: viewer, pass: hunter2, permissions: [{action: read}]}]"
    )
    config.write_text(
        f"rtspAddress: 127.0.0.1:{port}\nrtspTransports: [tcp]\nrtmpAddress: 127.0.0.1:{rtmp_port}\n{off}"
        f"authInternalUsers: {users}\npaths: {{all_others: }}\n"
    )
    log = tmp_path / "street.log"
    with log.open("wb") as output, run_program([mediamtx_binary, config], output, {}) as process:
        wait_until(lambda: "listeners on" in log.read_text(), "the street listens")
        yield Street(process, port, rtmp_port, log)


@pytest.fixture
def relay() -> Iterator[Callable[[str, str], RelayProcess]]:
    """Start a relay from an address to another; it is ended with the test."""
    started: list[RelayProcess] = []

    def start(source: str, publish_url: str) -> RelayProcess:
        command = relay_command(FFMPEG, parse_source_url(source), publish_url, encoders=list_encoders(FFMPEG))
        started.append(start_relay(command, datetime.now(UTC)))
        return started[-1]

    yield start
    for process in started:
        process.process.kill()
        process.process.wait()
        process.close()


def wait_for_end(process: RelayProcess) -> Failure:
    wait_until(lambda: (process.read_available(datetime.now(UTC)), process.poll())[1] is not None, "the relay ends")
    return process.explain_end(datetime.now(UTC))


def wait_for_pictures(process: RelayProcess, count: int) -> None:
    def has_enough() -> bool:
        process.read_available(datetime.now(UTC))
        assert process.poll() is None, process.stderr_tail
        return process.last_progress is not None and process.last_progress.frames >= count

    wait_until(has_enough, f"{count} pictures are relayed", seconds=40)


def measure_steps(recording: Path) -> dict[int, Counter[int]]:
    """Give, for each track, how often each distance in milliseconds stands between two samples."""
    argv = [PROGRAM, "-v", "error", "-i", str(recording), "-map", "0", "-c", "copy", "-copyts", "-f", "framecrc", "-"]
    output = subprocess.run(argv, capture_output=True, text=True, check=True, timeout=60).stdout
    scales: dict[int, float] = {}
    times: dict[int, list[float]] = {}
    for line in output.splitlines():
        if line.startswith("#tb "):
            track, _, scale = line[4:].partition(": ")
            up, _, down = scale.partition("/")
            scales[int(track)] = 1000 * int(up) / int(down)
        elif not line.startswith("#"):
            track, dts, *_ = line.split(",")
            times.setdefault(int(track), []).append(int(dts) * scales[int(track)])
    return {
        track: Counter(round(late - early) for early, late in pairwise(moments)) for track, moments in times.items()
    }


def shows_a_picture(street: Street) -> bool:
    argv = [PROGRAM, "-v", "quiet", "-rtsp_transport", "tcp", "-i", street.url("cam")]
    return subprocess.run([*argv, "-frames:v", "1", "-f", "null", "-"], check=False, timeout=20).returncode == 0


def test_a_camera_behind_a_password_is_recorded_evenly_and_its_password_not_shown(
    street: Street, real_mediamtx: RunningMediaMTX, relay: Callable[[str, str], RelayProcess]
) -> None:
    name = "stream_00000000-0000-4000-8000-00000000c001"
    with run_program(street.publish("cam"), subprocess.DEVNULL, {}) as camera:
        wait_until(lambda: shows_a_picture(street), "the camera is there")
        process = relay(street.url("cam"), f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/{name}")
        wait_for_pictures(process, 140)
        assert b"hunter2" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        camera.kill()
        assert wait_for_end(process).kind is FailureKind.ENDED
    (recording,) = (real_mediamtx.recordings / name).glob("*.mp4")
    by_usual_step = {steps.most_common(1)[0][0]: steps for steps in measure_steps(recording).values()}
    assert set(by_usual_step) == {100, 64}
    pictures, sound = by_usual_step[100], by_usual_step[64]
    # The first few may be moved when the camera's clock report arrives; plain `-i` does the same.
    assert pictures[100] >= pictures.total() - 5 >= 100
    assert sound[64] >= sound.total() - 5 >= 150


@pytest.mark.parametrize(("scheme", "camera"), [("rtsp", CAMERA_OF_RTSP), ("rtmp", CAMERA_OF_RTMP)])
def test_a_recording_tells_when_its_pictures_were_taken(
    street: Street,
    real_mediamtx: RunningMediaMTX,
    relay: Callable[[str, str], RelayProcess],
    scheme: str,
    camera: UUID,
) -> None:
    source = street.url("cam") if scheme == "rtsp" else street.rtmp_url("cam")
    sound = ["-re", *SOUND, "-c:a", "aac"]
    argv = ["-v", "fatal", *AT_ONCE, *INPUT, *sound, *CODING, *key_each(3), *SENDING, street.url("cam", "")]
    with show_coded(argv, lambda: "is publishing to path 'cam'" in street.log.read_text()):
        process = relay(source, f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/{stream_id_for(camera)}")
        wait_for_pictures(process, 50)
        (recording,) = (real_mediamtx.recordings / stream_id_for(camera)).glob("*.mp4")
        wait_until(lambda: bool(read_segment(recording).fragments), "a fragment is written")
        reading, moments = read_segment(recording), tell_moments(recording)
    file = DiskFile(camera, recording.name, reading.size, reading.written)
    start = judge_file(file, reading, datetime.now(UTC)).start.timestamp()
    # Where the code changes a second begins.
    seconds = [(start + late, code) for (_, before), (late, code) in pairwise(moments) if before != code]
    assert seconds
    assert [code_of(round(moment)) for moment, _ in seconds] == [code for _, code in seconds]
    assert max(abs(moment - round(moment)) for moment, _ in seconds) < 0.4


def test_a_wrong_password_is_told_without_showing_it(
    street: Street, real_mediamtx: RunningMediaMTX, relay: Callable[[str, str], RelayProcess]
) -> None:
    process = relay(street.url("cam", "viewer:hunter3@"), f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/stream_x")
    failure = wait_for_end(process)
    assert failure.kind is FailureKind.UNAUTHORIZED
    assert "hunter3" not in process.stderr_tail + failure.text


def test_a_missing_path_and_a_closed_port_are_told_apart(
    street: Street, relay: Callable[[str, str], RelayProcess], free_port: Callable[[], int]
) -> None:
    missing = relay(street.url("nothing"), "rtsp://127.0.0.1:9/x")
    closed = relay(f"rtsp://127.0.0.1:{free_port()}/cam", "rtsp://127.0.0.1:9/x")
    assert wait_for_end(missing).kind is FailureKind.NOT_FOUND
    assert wait_for_end(closed).kind is FailureKind.REFUSED


def test_a_name_that_somebody_else_publishes_under_is_no_fault_of_the_camera(
    street: Street, real_mediamtx: RunningMediaMTX, relay: Callable[[str, str], RelayProcess]
) -> None:
    """MediaMTX takes the description and refuses the rest: taken for a codec it could not, sound would go for good."""
    name = "stream_00000000-0000-4000-8000-00000000c004"
    with run_program(street.publish("cam"), subprocess.DEVNULL, {}), publish(real_mediamtx.rtsp_port, name):
        wait_until(lambda: shows_a_picture(street), "the camera is there")
        wait_until(lambda: name in real_mediamtx.client.list_paths().online_names, "somebody else publishes")
        process = relay(street.url("cam"), f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/{name}")
        assert wait_for_end(process).kind is FailureKind.MEDIA_SERVER


class _WebCamera(http.server.BaseHTTPRequestHandler):
    """Multipart MJPEG at /mjpeg, and at /evil.m3u8 a playlist that names a local file."""

    picture = b""
    local_file = ""

    def do_GET(self) -> None:
        self.send_response(200)
        if self.path == "/evil.m3u8":
            self.send_header("Content-Type", "application/vnd.apple.mpegurl")
            self.end_headers()
            head = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n#EXTINF:10,\n"
            self.wfile.write(f"{head}file://{self.local_file}\n#EXT-X-ENDLIST\n".encode())
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=next")
        self.end_headers()
        part = b"--next\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%b\r\n" % (
            len(self.picture),
            self.picture,
        )
        pace = threading.Event()
        for _ in range(400):
            try:
                self.wfile.write(part)
            except OSError:
                return
            pace.wait(0.1)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve_web_camera(picture: bytes, local_file: Path) -> Iterator[str]:
    handler = type("Camera", (_WebCamera,), {"picture": picture, "local_file": str(local_file)})
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture
def web_camera(tmp_path: Path) -> Iterator[str]:
    picture, film = tmp_path / "one.jpg", tmp_path / "local.ts"
    for target, length in ((picture, ["-frames:v", "1"]), (film, ["-t", "2", *ENCODE])):
        subprocess.run([FFMPEG, "-v", "error", *PICTURES, *length, target], check=True, timeout=60)
    with serve_web_camera(picture.read_bytes(), film) as url:
        yield url


def test_a_hostile_playlist_opens_no_local_file(
    web_camera: str, real_mediamtx: RunningMediaMTX, relay: Callable[[str, str], RelayProcess]
) -> None:
    process = relay(f"{web_camera}/evil.m3u8", f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/stream_evil")
    assert wait_for_end(process).kind is FailureKind.INVALID_DATA
    assert "Protocol 'file' not on whitelist" in process.stderr_tail


def test_mjpeg_arrives_as_h264_in_the_cameras_own_time(
    web_camera: str, real_mediamtx: RunningMediaMTX, relay: Callable[[str, str], RelayProcess]
) -> None:
    name = "stream_00000000-0000-4000-8000-00000000c002"
    process = relay(f"{web_camera}/mjpeg", f"rtsp://127.0.0.1:{real_mediamtx.rtsp_port}/{name}")
    wait_for_pictures(process, 30)
    state = real_mediamtx.client.list_paths().find(name)
    assert state is not None
    assert state.is_online
    assert list(state.tracks) == ["H264"]
    report = process.last_progress
    assert report is not None
    assert report.out_time_us is not None
    # Ten pictures a second; taken for 25 a second, as ffmpeg would by itself, this would be 25.
    assert 8 < report.frames / (report.out_time_us / 1_000_000) < 13


def test_demo_cameras_come_up_with_the_codecs_they_promise(
    real_mediamtx: RunningMediaMTX,
) -> None:
    feeds = demo_feeds(FFMPEG, real_mediamtx.rtsp_port, 3, list_encoders(FFMPEG).__contains__)[1:]

    def tracks(path: str) -> list[str]:
        state = real_mediamtx.client.list_paths().find(path)
        return list(state.tracks) if state is not None and state.is_online else []

    with (
        run_program(list(feeds[0].argv), subprocess.DEVNULL, {}),
        run_program(list(feeds[1].argv), subprocess.DEVNULL, {}),
    ):
        wait_until(lambda: tracks("cam-2") == ["H264", "MPEG-4 Audio"], "the camera with sound is there")
        wait_until(lambda: tracks("cam-3") == ["H265"], "the H.265 camera is there")
