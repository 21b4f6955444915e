"""Footage whose pictures tell their own moment: a row of black and white squares, the seconds as a binary number."""

import os
import subprocess
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import imageio_ffmpeg
from playwright.sync_api import Page

from cameras.models import Camera
from cities.scope import every_city
from footage.layout import name_for
from recording.gaps.services import recompute_gaps
from recording.gaps.spans import Span
from recording.models import Segment
from recording.segments.looks import look_at_cameras
from tests.real import RunningMediaMTX, wait_until
from tests.recording.gaps.conftest import wish

WIDTH, HEIGHT, SQUARE, BITS, RATE = 320, 180, 20, 16, 10
INPUT = ["-f", "rawvideo", "-pix_fmt", "gray", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-"]
CODING = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", str(RATE), "-pix_fmt", "yuv420p"]
AT_ONCE = ["-probesize", "32"]
"""Else ffmpeg waits for some pictures more before it does anything."""

SENDING = ["-f", "rtsp", "-rtsp_transport", "tcp"]
FRAGMENTS = ["-movflags", "frag_keyframe+empty_moov+default_base_moof", "-min_frag_duration", "3900000"]
FRAGMENTS_ANYWHERE = ["-movflags", "empty_moov+default_base_moof", "-frag_duration", "4000000"]
"""As MediaMTX cuts a stream whose key frames do not come each four seconds: most begin with any picture."""

READ = f"""video => {{
    const canvas = document.createElement('canvas');
    canvas.width = {WIDTH}; canvas.height = {HEIGHT};
    const pen = canvas.getContext('2d');
    pen.drawImage(video, 0, 0, canvas.width, canvas.height);
    let code = 0;
    for (let bit = 0; bit < {BITS}; bit += 1) {{
        const [light] = pen.getImageData(bit * {SQUARE} + 10, 10, 1, 1).data;
        code = code * 2 + (light > 128 ? 1 : 0);
    }}
    return code;
}}"""


def key_each(seconds: int) -> list[str]:
    """Give what has a key frame come so seldom, and no oftener."""
    return ["-g", str(seconds * RATE), "-sc_threshold", "0"]


def draw(second: int, tenth: int) -> bytes:
    """Give a grey picture with its code on top, and a bar that moves."""
    row = b"".join(bytes([255 if second >> (BITS - 1 - bit) & 1 else 0]) * SQUARE for bit in range(BITS))
    at = tenth * WIDTH // RATE
    bar = bytearray([90]) * WIDTH
    bar[at : at + 16] = bytes([220]) * len(bar[at : at + 16])
    return row * SQUARE + bytes(bar) * (HEIGHT - SQUARE)


def code_of(moment: datetime | float) -> int:
    """Give the code of a moment: its seconds since 1970, as far as they fit."""
    seconds = moment.timestamp() if isinstance(moment, datetime) else moment
    code: int = int(seconds) % (1 << BITS)
    return code


def write_footage(
    root: Path,
    camera: Camera,
    start: datetime,
    seconds: int,
    how: Sequence[str] = FRAGMENTS,
    *,
    silent: range = range(0),
) -> Path:
    """Write a file as MediaMTX does, of pictures that tell their moments; `start` is a whole second.

    In the `silent` seconds there are none: the last one before them lasts so long.
    """
    file = root / camera.stream_id / name_for(start)
    file.parent.mkdir(parents=True, exist_ok=True)
    sent = [second for second in range(seconds) if second not in silent]
    pictures = (draw(code_of(start.timestamp() + second), tenth) for second in sent for tenth in range(RATE))
    leap = f"setpts='PTS+gte(N,{silent.start * RATE})*{len(silent)}/TB'"
    timing = ["-vf", leap, "-fps_mode", "passthrough"] if silent else []
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", *INPUT, *timing, *CODING, *how, str(file)]
    subprocess.run(argv, input=b"".join(pictures), check=True)
    ended = start.timestamp() + seconds
    os.utime(file, (ended, ended))
    return file


def index(camera: Camera, *, since: datetime) -> list[Segment]:
    """Bring what lies on the disk into the index, and the gaps into the ledger."""
    now = datetime.now(UTC)
    with every_city("a test plays the observer"):
        look_at_cameras(camera.media_server, [camera.pk], now)
        recompute_gaps([camera.pk], Span(since, now), now)
        return list(Segment.objects.filter(camera=camera).order_by("start"))


def want_recording(camera: Camera, since: datetime) -> None:
    """Have recording wished since then."""
    with every_city("a test's world spans the cities"):
        wish(camera, since)
        Camera.objects.filter(pk=camera.pk).update(recording_enabled=True)


def read_code(page: Page, selector: str = "[data-past] video:not([hidden])") -> int:
    """Read the code in the picture that is on the screen: found and read in one step, as players change."""
    codes = f"[...document.querySelectorAll(selector)].map({READ})"
    look = f"selector => {{ const codes = {codes}; return codes.length && codes; }}"
    found = page.wait_for_function(look, arg=selector)
    code: int = found.json_value()[0]
    return code


@contextmanager
def publish_coded(mediamtx: RunningMediaMTX, camera: Camera, credentials: str) -> Generator[None, None, None]:
    """Publish pictures that tell the present moment, until the block ends or MediaMTX is gone."""
    address = f"rtsp://{credentials}@127.0.0.1:{mediamtx.rtsp_port}/{camera.stream_id}"
    argv = ["-v", "fatal", *AT_ONCE, *INPUT, *CODING, *SENDING, address]
    with show_coded(argv, lambda: camera.stream_id in mediamtx.client.list_paths().online_names):
        yield


@contextmanager
def show_coded(arguments: Sequence[str], has_come: Callable[[], bool]) -> Generator[None, None, None]:
    """Feed an ffmpeg with pictures that tell the present moment, until the block ends or nobody wants them any more.

    ffmpeg connects once it has a picture. Those that it got meanwhile would come late, all of them, and the footage
    would be as late as it took to be let in; so the second one is drawn when the first one has come.
    """
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), *arguments]
    process, over = subprocess.Popen(argv, stdin=subprocess.PIPE), threading.Event()
    feeder = threading.Thread(target=_feed, args=(process, over.is_set), daemon=True)
    try:
        _show(process, time.time())
        wait_until(has_come, "the camera has come")
        feeder.start()
        yield
    finally:
        over.set()
        if feeder.is_alive():
            feeder.join(5)
        process.kill()
        process.wait()


def tell_moments(file: Path) -> list[tuple[float, int]]:
    """Give for each picture of a file when it comes, in seconds after the file's beginning, and its code."""
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(file), "-map", "0:v", "-copyts"]
    raw = [*ffmpeg, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "gray", "-"]
    pictures = subprocess.run(raw, capture_output=True, check=True).stdout
    listed = subprocess.run([*ffmpeg, "-c", "copy", "-f", "framecrc", "-"], capture_output=True, text=True, check=True)
    scale = next(line for line in listed.stdout.splitlines() if line.startswith("#tb 0: ")).removeprefix("#tb 0: ")
    up, down = (int(part) for part in scale.split("/"))
    times = sorted(int(line.split(",")[2]) * up / down for line in listed.stdout.splitlines() if line[0] != "#")
    middle = WIDTH * SQUARE // 2
    size = WIDTH * HEIGHT
    lights = [
        [pictures[at + middle + bit * SQUARE + SQUARE // 2] > 128 for bit in range(BITS)]
        for at in range(0, len(pictures), size)
    ]
    codes = [sum(light << (BITS - 1 - bit) for bit, light in enumerate(row)) for row in lights]
    return list(zip(times, codes, strict=True))


def _feed(process: subprocess.Popen[bytes], is_over: Callable[[], bool]) -> None:
    for moment in _beat(is_over):
        try:
            _show(process, moment)
        except BrokenPipeError:
            return


def _show(process: subprocess.Popen[bytes], moment: float) -> None:
    assert process.stdin is not None
    process.stdin.write(draw(code_of(moment), int(moment * RATE) % RATE))
    process.stdin.flush()


def _beat(is_over: Callable[[], bool]) -> Iterator[float]:
    """Give the moment of each picture; one that is drawn late still tells when it was due, as its frame does."""
    due = time.time()
    while not is_over():
        yield due
        due += 1 / RATE
        time.sleep(max(0, due - time.time()))
