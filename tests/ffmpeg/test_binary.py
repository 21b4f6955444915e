"""Where ffmpeg is found."""

import os
from pathlib import Path

import pytest

from ffmpeg.binary import find_ffmpeg, list_encoders
from ffmpeg.errors import FFmpegUnavailable


@pytest.fixture
def program(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    return program


def test_the_chosen_one_comes_first(program: Path) -> None:
    assert find_ffmpeg({"VMS_FFMPEG": str(program), "PATH": "/nowhere"}) == program


def test_then_the_one_on_path(program: Path) -> None:
    assert find_ffmpeg({"PATH": str(program.parent)}) == program


def test_then_the_one_of_the_wheel() -> None:
    found = find_ffmpeg({"PATH": ""})
    assert found.parent.name == "binaries"
    assert os.access(found, os.X_OK)


def test_a_wrong_choice_is_not_passed_over(program: Path) -> None:
    with pytest.raises(FFmpegUnavailable, match="VMS_FFMPEG is '/no/such/ffmpeg'"):
        find_ffmpeg({"VMS_FFMPEG": "/no/such/ffmpeg", "PATH": str(program.parent)})


def test_a_program_that_fails_is_no_ffmpeg(program: Path) -> None:
    with pytest.raises(FFmpegUnavailable, match="does not run"):
        list_encoders(program)


@pytest.mark.integration
def test_the_real_one_lists_its_encoders() -> None:
    encoders = list_encoders(find_ffmpeg({"PATH": ""}))
    assert {"libx264", "aac", "mjpeg"} <= encoders
    assert "=" not in encoders
