"""Real segments, recorded once by the real MediaMTX: closed ones of several codecs, an open one, one after kill -9."""

import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL, Popen
from uuid import uuid4

import imageio_ffmpeg
import pytest

from footage.reader import SegmentReading, read_segment
from tests.real import RunningMediaMTX, run_mediamtx, run_program, wait_until

FRAMES, RATE = 100, 10
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "15", "-pix_fmt", "yuv420p")
B_FRAMES = ("-bf", "2", "-x264-params", "bframes=2:b-adapt=0")
H265 = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=15", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-b:a", "32k")
SINE = ("-f", "lavfi", "-i", "sine=sample_rate=44100:duration=10")


@dataclass(frozen=True)
class Corpus:
    """The files; `crashed` is what `opened` was when MediaMTX was killed."""

    h264: Path
    h264_aac: Path
    h265: Path
    aac: Path
    opened: Path
    crashed: Path

    @property
    def whole(self) -> list[Path]:
        """Those that hold nothing but whole fragments."""
        return [self.h264, self.h264_aac, self.h265, self.aac, self.crashed]


@pytest.fixture(scope="session")
def corpus(mediamtx_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    """Record for ten seconds in real time."""
    folder = tmp_path_factory.mktemp("corpus")
    kinds = {
        "h264": [*make_picture(FRAMES), *H264, "-tune", "zerolatency"],
        "h264_aac": [*make_picture(FRAMES), "-re", *SINE, *H264, *B_FRAMES, *AAC],
        "h265": [*make_picture(FRAMES), *H265],
        "aac": [*SINE, *AAC],
        "crashed": [*make_picture(100 * FRAMES), *H264, "-tune", "zerolatency"],
    }
    names = {kind: f"stream_{uuid4()}" for kind in kinds}
    with run_mediamtx(mediamtx_binary, folder) as running, ExitStack() as publishers:
        for kind, arguments in kinds.items():
            publishers.enter_context(publish_as(running, names[kind], arguments))

        def read(kind: str) -> SegmentReading | None:
            files = list((running.recordings / names[kind]).glob("*.mp4"))
            return read_segment(files[0]) if files else None

        has_one = of(lambda: read("crashed"), lambda reading: len(reading.fragments) == 1)
        wait_until(has_one, "the endless one has a fragment", 40)
        opened = shutil.copy(find_only_file(running, names["crashed"]), folder / "opened.mp4")
        for kind in ("h264", "h264_aac", "h265", "aac"):
            is_closed = of(lambda kind=kind: read(kind), lambda reading: reading.is_closed)  # type: ignore[misc]  # mypy cannot infer a lambda's default
            wait_until(is_closed, f"{kind} is closed", 40)
        running.process.kill()
        running.process.wait()
    files = {kind: find_only_file(running, name) for kind, name in names.items()}
    return Corpus(opened=Path(opened), **files)


def make_picture(frames: int) -> list[str]:
    """Give ffmpeg's arguments for a small moving picture."""
    return ["-f", "lavfi", "-i", f"testsrc2=size=160x120:rate={RATE},trim=end_frame={frames}"]


def publish_as(running: RunningMediaMTX, name: str, arguments: list[str]) -> AbstractContextManager[Popen[bytes]]:
    """Publish in real time."""
    target = ["-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{running.rtsp_port}/{name}"]
    argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-re", *arguments, *target]
    return run_program(list(argv), DEVNULL, {})


def find_only_file(running: RunningMediaMTX, name: str) -> Path:
    """Give the file that a path has written."""
    (file,) = (running.recordings / name).iterdir()
    return file


def of(read: Callable[[], SegmentReading | None], holds: Callable[[SegmentReading], bool]) -> Callable[[], bool]:
    """Tell whether there is a reading of which this holds."""

    def check() -> bool:
        reading = read()
        return reading is not None and holds(reading)

    return check
