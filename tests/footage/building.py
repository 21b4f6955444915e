"""Segments made by hand, byte by byte, to say what no recorder says."""

import struct
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

STREAM_ID = UUID("7e0c3a52-0f5c-4d5e-9a54-0c7b1f2d3e4f")
START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)
START_NANOSECONDS = 1_769_482_800_123_456_789

KEY, NOT_KEY = 0, 1 << 16


def box(kind: bytes, *content: bytes) -> bytes:
    """Give a box."""
    inside = b"".join(content)
    return struct.pack(">I4s", 8 + len(inside), kind) + inside


def large_box(kind: bytes, *content: bytes) -> bytes:
    """Give a box with a size of 64 bits."""
    inside = b"".join(content)
    return struct.pack(">I4sQ", 1, kind, 16 + len(inside)) + inside


def full(version: int = 0, flags: int = 0) -> bytes:
    """Give the version and flags of a full box."""
    return struct.pack(">I", version << 24 | flags)


def make_mvhd(duration: int = 0, version: int = 0) -> bytes:
    """Give a movie header in milliseconds."""
    times = struct.pack(">QQIQ" if version else ">IIII", 0, 0, 1000, duration)
    return box(b"mvhd", full(version), times, bytes(80))


def make_track(
    number: int = 1, timescale: int = 90_000, handler: bytes = b"vide", codec: bytes = b"avc1", version: int = 0
) -> bytes:
    """Give a track."""
    zeros = bytes(16 if version else 8)
    media = box(
        b"mdia",
        box(b"mdhd", full(version), zeros, struct.pack(">IQI", timescale, 0, 0)),
        box(b"hdlr", full(), bytes(4), handler, bytes(13)),
        box(b"minf", box(b"stbl", box(b"stsd", full(), struct.pack(">I", 1), box(codec, bytes(78))))),
    )
    return box(b"trak", box(b"tkhd", full(version), zeros, struct.pack(">I", number), bytes(60)), media)


def make_trex(number: int = 1, duration: int = 0, size: int = 0, flags: int = 0) -> bytes:
    """Give a track's defaults."""
    return box(b"trex", full(), struct.pack(">IIIII", number, 1, duration, size, flags))


def make_mtxi(stream_id: UUID = STREAM_ID, number: int = 7, nanoseconds: int = START_NANOSECONDS) -> bytes:
    """Give MediaMTX's mark."""
    return box(b"mtxi", full(), stream_id.bytes, struct.pack(">Qqq", number, 0, nanoseconds))


def make_head(
    *,
    tracks: Sequence[bytes] | None = None,
    defaults: Sequence[bytes] = (),
    mark: bytes | None = None,
    mvhd: bytes | None = None,
) -> bytes:
    """Give ftyp and moov."""
    tracks = [make_track()] if tracks is None else tracks
    mark = make_mtxi() if mark is None else mark
    inside = [mvhd or make_mvhd(), *tracks, box(b"mvex", *defaults), *([box(b"udta", mark)] if mark else [])]
    return box(b"ftyp", b"mp42", bytes(4)) + box(b"moov", *inside)


def make_run(samples: Sequence[tuple[int, int, int]], count: int | None = None) -> bytes:
    """Give a trun of samples (duration, size, flags), which may lie about their count."""
    entries = b"".join(struct.pack(">III", *sample) for sample in samples)
    return box(b"trun", full(1, 0x701), struct.pack(">Ii", len(samples) if count is None else count, 0), entries)


def make_traf(start: int, *runs: bytes, number: int = 1, tfhd: bytes = b"", flags: int = 0) -> bytes:
    """Give a track's part of a fragment; `tfhd` stands after the track's number, as the flags say."""
    head = box(b"tfhd", full(0, 0x020000 | flags), struct.pack(">I", number), tfhd)
    return box(b"traf", head, box(b"tfdt", full(1), struct.pack(">q", start)), *runs)


def make_moof(*trafs: bytes) -> bytes:
    """Give a fragment's head."""
    return box(b"moof", box(b"mfhd", full(), bytes(4)), *trafs)


def make_fragment(start: int, samples: Sequence[tuple[int, int, int]]) -> bytes:
    """Give a whole fragment of one track."""
    media = bytes(sum(size for _, size, _ in samples))
    return make_moof(make_traf(start, make_run(samples))) + box(b"mdat", media)


def make_segment(fragments: int = 3) -> bytes:
    """Give a segment of fragments of 4 s with two samples each, the first a key."""
    samples = [(180_000, 500, KEY), (180_000, 100, NOT_KEY)]
    return make_head() + b"".join(make_fragment(360_000 * number, samples) for number in range(fragments))
