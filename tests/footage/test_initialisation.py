"""The head of a segment: sound that no browser plays is hidden, codecs are spelled as browsers want them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from footage.header import parse_head
from footage.initialisation import hide_sound, list_codecs
from tests.footage.building import box, full, make_mvhd

AVC = box(b"avcC", bytes([1, 0x42, 0xC0, 0x1E, 0xFF]))
HEVC = box(b"hvcC", bytes([1, 0x01]) + bytes.fromhex("60000000900000000000") + bytes([93]) + bytes(10))
AAC = box(b"esds", full(), b"\x03\x19\0\1\0", b"\x04\x11\x40\x15", bytes(11), b"\x05\x02\x11\x90", b"\x06\x01\x02")


def track(number: int, handler: bytes, codec: bytes, configuration: bytes, skipped: int) -> bytes:
    media = box(
        b"mdia",
        box(b"mdhd", full(), struct.pack(">4xIII", 0, 90_000, 0)),
        box(b"hdlr", full(), bytes(4), handler, bytes(13)),
        box(b"minf", box(b"stbl", box(b"stsd", full(), bytes(4), box(codec, bytes(skipped), configuration)))),
    )
    return box(b"trak", box(b"tkhd", full(), struct.pack(">4xII", number, 0), bytes(60)), media)


def head(*tracks: bytes) -> bytes:
    return box(b"ftyp", b"iso5", bytes(4)) + box(b"moov", make_mvhd(), *tracks)


PICTURE = track(1, b"vide", b"avc1", AVC, 78)
SOUND = track(2, b"soun", b"mp4a", AAC, 28)
RAW = track(2, b"soun", b"ipcm", b"", 28)


@pytest.mark.parametrize(
    ("tracks", "codecs"),
    [
        ((PICTURE, SOUND), ["avc1.42C01E", "mp4a.40.2"]),
        ((track(1, b"vide", b"hvc1", HEVC, 78),), ["hvc1.1.6.L93.90"]),
        ((PICTURE, track(2, b"soun", b"Opus", b"", 28)), ["avc1.42C01E", "opus"]),
        ((PICTURE, RAW), ["avc1.42C01E"]),
        ((), []),
    ],
)
def test_codecs_are_spelled_as_browsers_want_them(tracks: tuple[bytes, ...], codecs: list[str]) -> None:
    assert list_codecs(head(*tracks)) == codecs
    assert list_codecs(head(*tracks) + box(b"moof") + b"\xff" * 50) == codecs


def test_raw_sound_is_hidden_and_nothing_moves() -> None:
    before = head(PICTURE, RAW)
    after = hide_sound(before)
    assert len(after) == len(before)
    moov = len(box(b"ftyp", b"iso5", bytes(4))) + 8
    assert [each.handler for each in parse_head(after, moov, len(after)).tracks] == [b"vide", b"null"]
    assert sum(one != other for one, other in zip(before, after, strict=True)) == 4
    assert hide_sound(head(PICTURE, SOUND)) == head(PICTURE, SOUND)


@given(st.binary(max_size=300), st.integers(0, 400), st.integers(0, 255))
def test_no_head_makes_it_stumble(junk: bytes, at: int, value: int) -> None:
    torn = bytearray(head(PICTURE, SOUND))
    torn[at % len(torn)] = value
    for data in (junk, bytes(torn), bytes(torn[:at])):
        assert len(hide_sound(data)) == len(data)
        assert isinstance(list_codecs(data), list)
