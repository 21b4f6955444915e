"""The command lines of pictures open nothing but their standard input, and say what they show."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from ffmpeg.pictures import frame_command, read_shown_at, sprite_command, transcode_command

FFMPEG = Path("/usr/bin/ffmpeg")
SECOND = timedelta(seconds=1)


def commands() -> list[tuple[str, ...]]:
    """One of each kind."""
    return [
        frame_command(FFMPEG, at=2 * SECOND, shown=(SECOND, 9 * SECOND), width=320, is_exact=False),
        sprite_command(FFMPEG, columns=10, rows=2, width=160),
        transcode_command(FFMPEG, encoder="libx264", since=SECOND, width=1280, with_sound=True),
    ]


@pytest.mark.parametrize("argv", commands(), ids=["frame", "sprite", "transcode"])
def test_it_opens_its_standard_input_alone(argv: tuple[str, ...]) -> None:
    told = dict(pairwise(argv))
    assert (told["-i"], argv[-1], argv.count("-i")) == ("pipe:0", "pipe:1", 1)
    assert (told["-protocol_whitelist"], told["-format_whitelist"]) == ("pipe", "mov")
    assert argv.index("-protocol_whitelist") < argv.index("-i")


def test_only_the_very_picture_decodes_all() -> None:
    skips = [
        "-skip_frame" in frame_command(FFMPEG, at=SECOND, shown=(0 * SECOND, SECOND), width=None, is_exact=is_exact)
        for is_exact in (False, True)
    ]
    assert skips == [True, False]


@pytest.mark.parametrize(
    ("said", "shown"),
    [("", None), ("n:0 pts_time:1", 1), ("pts_time:1\npts_time:2.5\npts_time:3", 2.5), ("pts_time:4 pts_time:5", 4)],
)
def test_what_is_shown_is_the_last_at_or_before_the_moment(said: str, shown: float | None) -> None:
    found = read_shown_at(said, timedelta(seconds=2.5))
    assert found == (None if shown is None else timedelta(seconds=shown))
