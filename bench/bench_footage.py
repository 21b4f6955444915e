"""The fragment index of a camera's day, warm, against the least that anybody must do: step over the same boxes."""

import os
import struct
import subprocess
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import imageio_ffmpeg

from bench.report import Report, Rounds, describe_machine, run_rounds
from footage.boxes import Box, iterate_boxes
from footage.packing import pack_fragments, unpack_fragments
from footage.reader import Fragment, SegmentReading, read_segment
from mediamtx.binary import MEDIAMTX_VERSION
from tests.real import get_mediamtx_binary, run_mediamtx, run_program, wait_until

REPEATED = 2
"""So many fragments of the real file are repeated; the one after them tells how much time they take."""

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25")
SINE = ("-f", "lavfi", "-i", "sine=sample_rate=48000")
H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-b:v", "1M", "-g", "50")
KINDS = {
    "a picture of 25 frames/s": ("-re", *PICTURE, *H264, "-pix_fmt", "yuv420p"),
    "the same with sound": ("-re", *PICTURE, "-re", *SINE, *H264, "-pix_fmt", "yuv420p", "-c:a", "aac"),
}


@dataclass(frozen=True)
class Size:
    """How much is measured: fragments of 4 s in a segment, segments in a round."""

    fragments: int
    segments: int
    rounds: int


FULL = Size(fragments=450, segments=48, rounds=11)
QUICK = Size(fragments=90, segments=8, rounds=7)


def run(quick: bool) -> Report:  # noqa: FBT001 -- every benchmark is called so
    """Measure, and give the section of the page; there is no goal, the ratio is to be known."""
    size, machine = QUICK if quick else FULL, describe_machine()
    rows = []
    with tempfile.TemporaryDirectory() as folder, _recorded(Path(folder)) as recorded:
        for kind, original in recorded.items():
            file = Path(folder) / "long.mp4"
            lengthen(original, file, size.fragments)
            rows += _describe(kind, file, _measure(file, size))
    return Report(_write(size, rows, f"{machine}, MediaMTX {MEDIAMTX_VERSION}"), met=True)


def _measure(file: Path, size: Size) -> Rounds:
    """Each contender takes the same file as often as a day has segments."""
    expected = read_segment(file)
    assert (len(expected.fragments), expected.tear) == (size.fragments, "")
    assert abs(expected.duration - size.fragments * timedelta(seconds=4)) < timedelta(seconds=size.fragments / 10)
    packed = pack_fragments(expected.fragments)

    def step(_: int) -> None:
        for _ in range(size.segments):
            assert step_over_boxes(file) == size.fragments

    def read_heads(_: int) -> None:
        for _ in range(size.segments):
            assert read_every_moof(file) == size.fragments

    def index(_: int) -> None:
        for _ in range(size.segments):
            assert pack_fragments(read_segment(file).fragments) == packed

    def unpack(_: int) -> None:
        for _ in range(size.segments):
            assert len(unpack_fragments(packed)) == size.fragments

    contenders: dict[str, Callable[[int], object]] = {
        "step": step,
        "read": read_heads,
        "index": index,
        "step again": step,
        "unpack": unpack,
    }
    return run_rounds(size.rounds, contenders)


def step_over_boxes(file: Path) -> int:
    """Count the moofs by reading nothing but each box's first eight bytes: the tightest loop there is."""
    pread, unpack = os.pread, struct.Struct(">I4s").unpack
    descriptor = os.open(file, os.O_RDONLY)
    end, at, count = os.fstat(descriptor).st_size, 0, 0
    while at < end:
        length, kind = unpack(pread(descriptor, 8, at))
        at += length
        if kind == b"moof":
            count += 1
    os.close(descriptor)
    return count


def read_every_moof(file: Path) -> int:
    """Do the same, and have the bytes of each moof in hand, unread: what any index of fragments needs."""
    pread, unpack = os.pread, struct.Struct(">I4s").unpack
    descriptor = os.open(file, os.O_RDONLY)
    end, at, count = os.fstat(descriptor).st_size, 0, 0
    while at < end:
        length, kind = unpack(pread(descriptor, 8, at))
        if kind == b"moof":
            count += len(pread(descriptor, length, at)) == length
        at += length
    os.close(descriptor)
    return count


@contextmanager
def _recorded(folder: Path) -> Generator[dict[str, Path], None, None]:
    """Let the real MediaMTX record each kind for twelve seconds and a little."""
    with ExitStack() as publishers:
        running = publishers.enter_context(run_mediamtx(get_mediamtx_binary(), folder))
        for number, arguments in enumerate(KINDS.values()):
            target = ["-f", "rtsp", "-rtsp_transport", "tcp", f"rtsp://127.0.0.1:{running.rtsp_port}/bench{number}"]
            argv = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", *arguments, "-t", "60", *target]
            publishers.enter_context(run_program(list(argv), subprocess.DEVNULL, {}))
        names = [running.recordings / f"bench{number}" for number in range(len(KINDS))]
        wait_until(lambda: all(_count(name) > REPEATED for name in names), "three fragments of each are recorded", 60)
        files = [next(name.glob("*.mp4")) for name in names]
    yield dict(zip(KINDS, files, strict=True))


def _count(folder: Path) -> int:
    return sum(len(read_segment(file).fragments) for file in folder.glob("*.mp4"))


def lengthen(original: Path, file: Path, fragments: int) -> None:
    """Repeat the real file's first fragments, each time with the time moved on."""
    reading, data = read_segment(original), original.read_bytes()
    pieces = [bytearray(_cut(data, fragment)) for fragment in reading.fragments[: REPEATED + 1]]
    first, after = find_times(pieces[0]), find_times(pieces[REPEATED])
    with file.open("wb") as output:
        output.write(data[: reading.init_bytes])
        for number in range(fragments):
            turn, which = divmod(number, REPEATED)
            piece = bytearray(pieces[which])
            for track, (place, time) in find_times(piece).items():
                moved = time + turn * (after[track][1] - first[track][1])
                struct.pack_into(">Q", piece, place, moved)
            output.write(piece)


def _cut(data: bytes, fragment: Fragment) -> bytes:
    return data[fragment.offset : fragment.offset + fragment.size]


def find_times(piece: bytearray) -> dict[int, tuple[int, int]]:
    """Give each track's place and value of its tfdt."""
    data = bytes(piece)
    moof = next(iterate_boxes(data, 0, len(data)))
    found = {}
    for traf in iterate_boxes(data, moof.body, moof.end):
        if traf.kind == b"traf":
            inside: dict[bytes, Box] = {box.kind: box for box in iterate_boxes(data, traf.body, traf.end)}
            place = inside[b"tfdt"].body + 4
            track = struct.unpack_from(">I", data, inside[b"tfhd"].body + 4)[0]
            found[track] = (place, struct.unpack_from(">Q", data, place)[0])
    return found


def _describe(kind: str, file: Path, rounds: Rounds) -> list[str]:
    reading: SegmentReading = read_segment(file)
    count = len(reading.fragments)
    heads = sum(fragment.size - fragment.sample_bytes for fragment in reading.fragments) / count
    packed = len(pack_fragments(reading.fragments)) / count
    about = f"{reading.size / 1e6:.0f} MB, {heads:.0f} bytes a fragment beside the picture, {packed:.1f} packed"
    return [
        f"| **{kind}** ({about}) | | | |",
        f"| each box's first eight bytes, nothing else | {rounds.describe('step', 'step')} |",
        f"| the same again (noise) | {rounds.describe('step again', 'step')} |",
        f"| the same, and the bytes of each moof unread | {rounds.describe('read', 'step')} |",
        f"| our index: checked, summed, packed | {rounds.describe('index', 'step')} |",
        f"| unpacking it | {rounds.describe('unpack', 'step')} |",
    ]


def _write(size: Size, rows: list[str], machine: str) -> str:
    what = f"{size.segments} segments of {size.fragments} fragments"
    head = f"| {what} | wall ms: median (min–max) | our CPU ms | ratio, round by round: median (min–max) |"
    return "\n".join([head, "|---|---|---|---|", *rows, "", f"{size.rounds} rounds. {machine}."])
