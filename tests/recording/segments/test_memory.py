"""What grows is read from where it was left; what is sealed is read from its beginning, with the same row."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from footage.layout import name_for
from footage.reader import read_segment
from mediamtx.names import stream_id_for
from recording.segments import memory as room
from recording.segments.decisions import DiskFile, SegmentFacts, judge_file
from recording.segments.memory import read_file
from tests.recording.segments.conftest import START, STREAM, make_segment

NOW = datetime(2026, 1, 27, 3, 1, tzinfo=UTC)


@pytest.fixture
def wholes(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Which files were read from their beginning to be sealed."""
    made: list[Any] = []

    def note(path: Any) -> Any:
        made.append(path)
        return read_segment(path)

    monkeypatch.setattr(room, "read_segment", note)
    return made


def write(root: Path, content: bytes, *, age: float = 0) -> tuple[DiskFile, Path]:
    """Write into the file as its writer does, without replacing it."""
    file = DiskFile(STREAM, name_for(START), len(content), NOW.timestamp() - age)
    path = root / file.file
    path.parent.mkdir(exist_ok=True)
    path.touch()
    with path.open("r+b") as handle:
        handle.write(content)
        handle.truncate()
    return file, path


def expect_the_whole(file: DiskFile, root: Path) -> SegmentFacts:
    facts = read_file(str(root), file, NOW)
    assert facts == judge_file(file, read_segment(root / file.file), NOW)
    return facts


def test_a_file_that_grows_is_remembered_until_it_is_sealed(tmp_path: Path, wholes: list[Any]) -> None:
    for fragments in range(4):
        file, _ = write(tmp_path, make_segment(fragments=fragments, closed=False))
        facts = expect_the_whole(file, tmp_path)
        assert (facts.state, facts.end - facts.start) == ("open", timedelta(seconds=4 * fragments))
    assert (wholes, len(room._known)) == ([], 1)
    file, _ = write(tmp_path, make_segment(fragments=4))
    assert expect_the_whole(file, tmp_path).state == "ready"
    assert len(room._known) == 0


def test_what_nobody_writes_any_more_is_read_from_its_beginning(tmp_path: Path, wholes: list[Any]) -> None:
    file, _ = write(tmp_path, make_segment(fragments=2, closed=False))
    expect_the_whole(file, tmp_path)
    file, path = write(tmp_path, make_segment(fragments=2, closed=False), age=50)
    assert expect_the_whole(file, tmp_path).is_recovered is True
    assert (wholes, len(room._known)) == ([str(path)], 0)


def test_the_least_recent_are_forgotten_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "MOST_REMEMBERED", 2)
    files = []
    for number in range(3):
        files.append(DiskFile(STREAM, name_for(START + timedelta(minutes=number)), 0, NOW.timestamp()))
        path = tmp_path / files[-1].file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(make_segment(fragments=1, closed=False))
        read_file(str(tmp_path), files[-1], NOW)
    assert list(room._known) == [f"{tmp_path}/{file.file}" for file in files[1:]]
    assert stream_id_for(STREAM) in files[0].file
