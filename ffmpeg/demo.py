"""The demo cameras: drawn street scenes with a burnt-in wall clock, encoded live and cheaply, without any font.

The clock is made of rectangles, because ffmpeg's text filter fails on machines without fonts, and it shows the time of
day, because that is what one checks when footage is played back. All four cost 25 % of one core with FFmpeg 9.0 and
32 % with 5.1 (30 s, busy 2-core machine; cam-1 10 %, cam-2 4 %, cam-3 in H.265 8 %, cam-4 3 %).
`testsrc2`, coded alike, cost up to twice as much and took 20 to 100 times the disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ffmpeg.commands import H264_ENCODERS, choose_h264_encoder, publish_arguments

LOCAL_OFFSET_SECONDS = -3 * 3600
"""The demo city lies in São Paulo's zone, which has had no summer time since 2019."""


@dataclass(frozen=True)
class DemoCamera:
    """What an installation must know of a demo camera: `path` is the one on the street's RTSP server."""

    name: str
    location: str
    path: str


@dataclass(frozen=True)
class DemoFeed(DemoCamera):
    """A demo camera with what makes its picture: `argv` publishes it at `path` for as long as it runs."""

    argv: tuple[str, ...]


@dataclass(frozen=True)
class _Scene:
    name: str
    location: str
    width: int
    height: int
    frames_per_second: int
    sky: str
    houses: tuple[str, str, str]
    cars: tuple[tuple[str, float], ...]
    """Colour and speed in picture widths a second; negative drives to the left, on the near lane."""
    wants_h265: bool = False
    has_sound: bool = False


_SCENES = (
    _Scene(
        name="Praça da Sé — entrada norte",
        location="Praça da Sé, Centro, São Paulo",
        width=1280,
        height=720,
        frames_per_second=20,
        sky="0x9fb8c8",
        houses=("0xb08968", "0x8d99ae", "0xa5a58d"),
        cars=(("0xc1121f", 0.13), ("0x2a6fbb", 0.21), ("0xe9c46a", -0.17)),
    ),
    _Scene(
        name="Viaduto do Chá — sentido centro",
        location="Viaduto do Chá, Centro, São Paulo",
        width=640,
        height=360,
        frames_per_second=15,
        sky="0xb7c4cf",
        houses=("0x7f5539", "0xb5838d", "0x6b705c"),
        cars=(("0xf4f1de", 0.10), ("0x457b9d", -0.12), ("0xe76f51", -0.20)),
        has_sound=True,
    ),
    _Scene(
        name="Avenida Paulista — MASP",
        location="Avenida Paulista, 1578, Bela Vista, São Paulo",
        width=848,
        height=480,
        frames_per_second=8,
        sky="0x8fb0c9",
        houses=("0x9d0208", "0x495057", "0xadb5bd"),
        cars=(("0xffb703", 0.16), ("0x219ebc", 0.09), ("0xf8f9fa", -0.14)),
        wants_h265=True,
    ),
    _Scene(
        name="Largo da Batata — ciclovia",
        location="Largo da Batata, Pinheiros, São Paulo",
        width=800,
        height=600,
        frames_per_second=10,
        sky="0xc9d6df",
        houses=("0x588157", "0xbc6c25", "0x606c38"),
        cars=(("0x9b5de5", 0.08), ("0xf15bb5", -0.10), ("0x00bbf9", -0.15)),
    ),
)


def demo_cameras(count: int) -> list[DemoCamera]:
    """Give the first `count` demo cameras, at most four; wants no ffmpeg."""
    scenes = enumerate(_SCENES[: max(count, 0)], start=1)
    return [DemoCamera(scene.name, scene.location, f"cam-{number}") for number, scene in scenes]


def demo_feeds(ffmpeg: Path, street_port: int, count: int, ffmpeg_has: Callable[[str], bool]) -> list[DemoFeed]:
    """Give up to four demo cameras that publish to `rtsp://127.0.0.1:{street_port}/cam-1` … `cam-4`.

    `ffmpeg_has` tells whether an encoder of that name exists; without libx265 the H.265 camera is an H.264 one.
    A keyframe comes every 2 s. Raises `FFmpegUnavailable` when H.264 cannot be encoded at all.
    """
    h264 = choose_h264_encoder([name for name in H264_ENCODERS if ffmpeg_has(name)])
    feeds = []
    for camera, scene in zip(demo_cameras(count), _SCENES, strict=False):
        encoder = "libx265" if scene.wants_h265 and ffmpeg_has("libx265") else h264
        argv = _feed_command(ffmpeg, scene, encoder, f"rtsp://127.0.0.1:{street_port}/{camera.path}")
        feeds.append(DemoFeed(camera.name, camera.location, camera.path, argv))
    return feeds


def _feed_command(ffmpeg: Path, scene: _Scene, encoder: str, publish_url: str) -> tuple[str, ...]:
    sound_input = ["-f", "lavfi", "-i", _SOUND] if scene.has_sound else []
    sound = ["-map", "1:a", "-c:a", "aac", "-b:a", "32k"] if scene.has_sound else []
    return (
        *(str(ffmpeg), "-hide_banner", "-nostdin", "-loglevel", "level+warning", "-nostats"),
        *("-f", "lavfi", "-i", _draw_scene(scene), *sound_input),
        *("-map", "0:v", *_encode(encoder, scene.frames_per_second), *sound, *publish_arguments(publish_url)),
    )


# Not `-re`: it begins with half a second at once, by which the burnt-in clock would be fast.
_SOUND = "sine=frequency=220:beep_factor=4:sample_rate=16000,volume=0.2,arealtime"


def _encode(encoder: str, frames_per_second: int) -> list[str]:
    keyframe_distance = 2 * frames_per_second
    common = ["-c:v", encoder, "-g", str(keyframe_distance)]
    if encoder == "libx265":
        calm = f"log-level=error:keyint={keyframe_distance}:min-keyint={keyframe_distance}:scenecut=0:bframes=0"
        return [
            *common,
            "-preset",
            "ultrafast",
            "-tune",
            "zerolatency",
            "-crf",
            "30",
            "-x265-params",
            f"{calm}:pools=1:frame-threads=1",
        ]
    if encoder == "libx264":
        speed = ["-preset", "ultrafast", "-tune", "zerolatency", "-crf", "26", "-sc_threshold", "0"]
        return [*common, *speed, "-threads", "1"]
    return [*common, "-b:v", "600k"]


def _draw_scene(scene: _Scene) -> str:
    """Give the filter graph of a camera: a still street, moving cars, the clock."""
    size = f"{scene.width}x{scene.height}:r={scene.frames_per_second}"
    still = ",".join([f"color=c={scene.sky}:s={size}", *_street_boxes(scene)])
    # The street is drawn once and repeated, which is what makes these cameras cheap.
    chains = [f"{still},trim=end_frame=1,loop=-1:1:0,setpts=N/{scene.frames_per_second}/TB[passed0]"]
    for number, (colour, speed) in enumerate(scene.cars):
        chains.append(f"color=c={colour}:s={_car_size(scene)}:r={scene.frames_per_second}[car{number}]")
        chains.append(f"[passed{number}][car{number}]overlay={_drive(scene, number, speed)}[passed{number + 1}]")
    clock = ",".join(_clock_boxes(unit=max(scene.height // 90, 3)))
    # For the clock the picture's time is the time of day: set once at the start, then counted by the pictures.
    chains.append(
        f"[passed{len(scene.cars)}]setpts='PTS+if(eq(N,0),st(0,floor(time(0)/TB)),ld(0))',{clock},"
        "setpts=PTS-STARTPTS,format=yuv420p,realtime"
    )
    return ";".join(chains)


def _box(x: int, y: int, width: int, height: int, colour: str) -> str:
    return f"drawbox=x={x}:y={y}:w={width}:h={height}:c={colour}:t=fill"


def _street_boxes(scene: _Scene) -> Iterator[str]:
    width, height = scene.width, scene.height
    for number, colour in enumerate(scene.houses):
        left, top = width * (1 + 10 * number) // 32, height * (10 - 3 * (number % 2)) // 48
        yield _box(left, top, width * 9 // 32, height * 18 // 48 - top, colour)
        yield from _windows(left, top, width * 9 // 32, height * 18 // 48 - top)
    yield _box(0, height * 18 // 48, width, height * 3 // 48, "0xb8b2a7")
    yield _box(0, height * 21 // 48, width, height * 18 // 48, "0x3f4248")
    yield _box(0, height * 39 // 48, width, height * 9 // 48, "0xb8b2a7")
    for number in range(10):
        yield _box(width * number // 10, height * 30 // 48, width // 18, max(height // 120, 2), "0xe8e6df")
    for number in range(6):
        yield _box(width * 13 // 16, height * (43 + 6 * number) // 96, width // 10, height // 40, "0xe8e6df")


def _windows(left: int, top: int, width: int, height: int) -> Iterator[str]:
    for row in range(3):
        for column in range(5):
            x, y = left + width * (2 * column + 1) // 11, top + height * (2 * row + 1) // 7
            yield _box(x, y, width // 11, height // 8, "0x2b3a45")


def _car_size(scene: _Scene) -> str:
    return f"{scene.width // 20 * 2}x{scene.height // 28 * 2}"


def _drive(scene: _Scene, number: int, speed: float) -> str:
    way = f"mod({abs(speed)}*t*W+{number}*W/3,W+w)"
    x = f"{way}-w" if speed > 0 else f"W-{way}"
    lane = (0.47 if number % 2 == 0 else 0.53) if speed > 0 else (0.66 if number % 2 == 0 else 0.72)
    return f"x='{x}':y={int(scene.height * lane)}:eval=frame"


_SEGMENTS = {
    (0, 0, 3, 1): (1, 4),
    (2, 0, 1, 3): (5, 6),
    (2, 2, 1, 3): (2,),
    (0, 4, 3, 1): (1, 4, 7),
    (0, 2, 1, 3): (1, 3, 4, 5, 7, 9),
    (0, 0, 1, 3): (1, 2, 3, 7),
    (0, 2, 3, 1): (0, 1, 7),
}
"""The seven bars of a digit (left, top, width, height in units) and the digits in which each stays dark."""


def _clock_boxes(unit: int) -> Iterator[str]:
    """Draw HH:MM:SS at the top left from rectangles that each know when to be seen; `t` is seconds since 1970."""
    second_of_day = f"mod(floor(t)+{86_400 + LOCAL_OFFSET_SECONDS},86400)"
    yield _box(unit, unit, 30 * unit, 7 * unit, "black")
    left = 2 * unit
    for place, (divisor, base) in enumerate(((36_000, 10), (3_600, 10), (600, 6), (60, 10), (10, 6), (1, 10))):
        if place in (2, 4):
            yield _box(left, 3 * unit, unit, unit, "white")
            yield _box(left, 5 * unit, unit, unit, "white")
            left += 2 * unit
        yield from _digit_boxes(left, unit, f"mod(floor({second_of_day}/{divisor}),{base})")
        left += 4 * unit


def _digit_boxes(left: int, unit: int, value: str) -> Iterator[str]:
    for (x, y, width, height), dark_in in _SEGMENTS.items():
        dark = "+".join(f"eq(ld(0),{digit})" for digit in dark_in)
        box = _box(left + x * unit, 2 * unit + y * unit, width * unit, height * unit, "white")
        yield f"{box}:enable='st(0,{value})*0+not({dark})'"
