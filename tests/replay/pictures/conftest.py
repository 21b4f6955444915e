"""What the tests of pictures share: real footage whose grey tells the time, and a look at the grey of a picture."""

import subprocess
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from cameras.models import Camera
from cities.scope import every_city
from footage.layout import name_for
from footage.packing import pack_fragments
from footage.reader import read_segment
from recording.models import Segment
from tests.recording.gaps.conftest import wish
from tests.world import World

START = datetime(2026, 1, 27, 9, 0, tzinfo=UTC)
RATE, KEYFRAMES, SECONDS = 10, 20, 12
ENCODERS = {
    "h264": ["-c:v", "libx264", "-preset", "ultrafast", "-sc_threshold", "0"],
    "h265": [
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        f"log-level=error:keyint={KEYFRAMES}:scenecut=0:bframes=0:open-gop=0",
    ],
}
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def make_clip(path: Path, codec: str, keyframes: int = KEYFRAMES, size: str = "160x120") -> Path:
    """Write 12 s in fragments of 4 s, a keyframe each 2 s: picture number n has the grey 20 + n (of 16 to 235)."""
    grey = f"color=c=black:s={size}:r={RATE},geq=lum='20+N':cb=128:cr=128,trim=end_frame={SECONDS * RATE}"
    parts = ["-movflags", "+empty_moov+default_base_moof+skip_trailer", "-frag_duration", "4000000"]
    coding = [*ENCODERS[codec], "-crf", "1", "-g", str(keyframes), "-pix_fmt", "yuv420p"]
    argv = [FFMPEG, "-y", "-loglevel", "error", "-f", "lavfi", "-i", grey, *coding, *parts, str(path)]
    subprocess.run(argv, check=True)
    return path


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The clip in both codecs, one whose keyframes are not where its fragments begin, one with a single keyframe."""
    folder = tmp_path_factory.mktemp("clips")
    made = {codec: make_clip(folder / f"{codec}.mp4", codec) for codec in ENCODERS}
    drifting = {"drifting": make_clip(folder / "drifting.mp4", "h264", keyframes=25)}
    return made | drifting | {"rare": make_clip(folder / "rare.mp4", "h264", keyframes=1000)}


Shoot = Callable[..., Segment]


@pytest.fixture
def shoot(world: World, clips: dict[str, Path], tmp_path: Path) -> Shoot:
    """Put a clip into a camera's footage, on disk and in the index."""
    world.server.recordings_root = str(tmp_path / "recordings")
    world.server.save()

    def put(camera: Camera | None = None, codec: str = "h264", start: datetime = START, **more: Any) -> Segment:
        with every_city("a test's footage is of several cities"):
            return put_clip(camera or world.camera, clips[codec], start, **more)

    return put


def put_clip(camera: Camera, clip: Path, start: datetime, **more: Any) -> Segment:
    """Do it; wants the camera's city in scope."""
    file = Path(camera.media_server.recordings_root) / camera.stream_id / name_for(start)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(clip.read_bytes())
    reading = read_segment(file)
    values: dict[str, Any] = {"state": "ready", "size": reading.size, "whole_bytes": reading.whole_bytes}
    return Segment.objects.create(
        camera=camera,
        city_id=camera.city_id,
        media_server_id=camera.media_server_id,
        start=start,
        end=start + reading.duration,
        file=f"{camera.stream_id}/{file.name}",
        fragments=pack_fragments(reading.fragments),
        indexed_at=start,
        **values | more,
    )


@pytest.fixture
def recorded(world: World, shoot: Shoot) -> Segment:
    """Twelve seconds of the world's camera, within a session."""
    with every_city("a test's footage is of several cities"):
        wish(world.camera, START - timedelta(hours=1))
    return shoot()


def grey_of(picture: bytes, x: float = 0.5, y: float = 0.5) -> float:
    """Give which picture's grey is seen at a place of a JPEG: its number, more or less."""
    width, height = size_of(picture)
    argv = [FFMPEG, "-loglevel", "error", "-i", "pipe:0", "-f", "rawvideo", "-pix_fmt", "gray", "pipe:1"]
    pixels = subprocess.run(argv, input=picture, capture_output=True, check=True).stdout
    return pixels[int(y * height) * width + int(x * width)] * 219 / 255 + 16 - 20


def size_of(picture: bytes) -> tuple[int, int]:
    """Give a JPEG's width and height, from its frame header."""
    at = 2
    while picture[at + 1] not in {0xC0, 0xC1, 0xC2}:
        at += 2 + int.from_bytes(picture[at + 2 : at + 4], "big")
    return int.from_bytes(picture[at + 7 : at + 9], "big"), int.from_bytes(picture[at + 5 : at + 7], "big")
