"""What the tests of the index share: files in MediaMTX's layout, made box by box, and looks at the rows."""

import errno
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from cameras.models import Camera, MediaServer
from cities.scope import every_city
from footage.layout import name_for
from recording.models import Segment
from recording.segments import looks, memory
from tests.world import World

STREAM = UUID("11111111-2222-3333-4444-555555555555")
START = datetime(2026, 1, 27, 3, 0, 0, 123456, UTC)


def box(kind: str, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind.encode()) + body


def make_head(start: datetime | None, number: int, duration_ms: int) -> bytes:
    """A moov with one H.264 track of 90 kHz, MediaMTX's mark, and the duration that only a closed file has."""
    mvhd = box("mvhd", struct.pack(">4xIIII", 0, 0, 1000, duration_ms), bytes(80))
    tkhd = box("tkhd", struct.pack(">4xIIII", 0, 0, 1, 0), bytes(68))
    mdhd = box("mdhd", struct.pack(">4xIIII", 0, 0, 90_000, 0), bytes(4))
    hdlr = box("hdlr", bytes(8), b"vide", bytes(13))
    stsd = box("stsd", struct.pack(">4xI", 1), box("avc1", bytes(78)))
    trak = box("trak", tkhd, box("mdia", mdhd, hdlr, box("minf", box("stbl", stsd))))
    trex = box("mvex", box("trex", struct.pack(">4xIIIII", 1, 1, 0, 0, 0)))
    mark = b""
    if start is not None:
        ns = ((start - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)) * 1000
        mark = box("udta", box("mtxi", struct.pack(">4x16sQqq", STREAM.bytes, number, 0, ns)))
    return box("ftyp", b"iso5", bytes(4)) + box("moov", mvhd, trak, trex, mark)


def make_fragment(number: int, *, seconds: int = 4, at: int | None = None) -> bytes:
    """A moof and mdat of one key frame, which follows others like it, or begins so many seconds after the first."""
    picture = bytes(100)
    tfhd = box("tfhd", struct.pack(">II", 0x020000, 1))
    tfdt = box("tfdt", struct.pack(">IQ", 0x01000000, (number * seconds if at is None else at) * 90_000))

    def moof(offset: int) -> bytes:
        trun = box("trun", struct.pack(">IIiIII", 0x000701, 1, offset, seconds * 90_000, len(picture), 0))
        return box("moof", box("mfhd", struct.pack(">4xI", number)), box("traf", tfhd, tfdt, trun))

    return moof(len(moof(0)) + 8) + box("mdat", picture)


def make_segment(
    start: datetime | None = START, *, fragments: int = 3, closed: bool = True, number: int = 0, tail: bytes = b""
) -> bytes:
    """A whole file; `tail` is what stands behind its last fragment."""
    head = make_head(start, number, fragments * 4000 if closed else 0)
    return head + b"".join(make_fragment(each) for each in range(fragments)) + tail


class Shelf:
    """A media server's folder of recordings."""

    def __init__(self, root: Path, server: MediaServer) -> None:
        self.root = root
        self.server = server

    def put(self, camera: Camera, content: bytes, *, at: datetime = START, age: float = 7200.0) -> str:
        """Write a file, last touched `age` seconds before now; give its path below the root."""
        return self.put_as(f"{camera.stream_id}/{name_for(at)}", content, age=age)

    def put_as(self, file: str, content: bytes, *, age: float = 7200.0) -> str:
        """Write a file under any name."""
        path = self.root / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        moment = datetime.now(UTC).timestamp() - age
        os.utime(path, (moment, moment))
        return file

    def files(self) -> set[str]:
        """Everything on it, but the marker."""
        return {str(path.relative_to(self.root)) for path in self.root.rglob("*") if path.is_file()} - {".vms-footage"}


@pytest.fixture
def shelf(world: World, tmp_path: Path) -> Shelf:
    """An empty folder of recordings of the world's media server."""
    root = tmp_path / "recordings"
    root.mkdir()
    world.server.recordings_root = str(root)
    world.server.save()
    return Shelf(root, world.server)


@pytest.fixture(autouse=True)
def _fresh_eyes() -> None:
    """A process that has listed no folder and read no file yet."""
    looks._folders.clear()
    looks._told.clear()
    memory.forget_all()


class RefusedEntry:
    """A name in a folder whose inode the disk does not give."""

    def __init__(self, name: Any) -> None:
        self.name = name

    def stat(self, **_options: bool) -> os.stat_result:
        raise OSError(errno.EUCLEAN, os.strerror(errno.EUCLEAN))


@pytest.fixture
def refused(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The names of which the disk gives no inode, none at first."""
    names, scandir = set[str](), os.scandir

    @contextmanager
    def scan(path: Any) -> Iterator[Any]:
        with scandir(path) as entries:
            yield (RefusedEntry(entry.name) if os.fsdecode(entry.name) in names else entry for entry in entries)

    monkeypatch.setattr(os, "scandir", scan)
    return names


@pytest.fixture
def every() -> Iterator[None]:
    """All cities' rows are in sight."""
    with every_city("these tests look at all rows"):
        yield


def rows() -> list[dict[str, Any]]:
    """Every row as it stands, but for its key and the moment it was written."""
    hidden = {"id", "indexed_at"}
    found = Segment.objects.order_by("file").values()
    return [{key: plain(value) for key, value in row.items() if key not in hidden} for row in found]


def plain(value: object) -> object:
    """Give bytes for what Postgres gives as a view of them."""
    return bytes(value) if isinstance(value, memoryview) else value
