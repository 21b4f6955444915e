"""Why a relay ended, told from what FFmpeg really wrote (`stderr/`, captured from four versions)."""

import re
import time
from pathlib import Path

import pytest

from ffmpeg.failures import Failure, FailureKind, explain_failure, redact, redact_typed

_HEADER = re.compile(r"^##### (\w+) \| (\w+) \| exit (-?\d+)\n", re.MULTILINE)


def read_captured() -> list[tuple[str, FailureKind, int, str]]:
    """Give (name, kind, exit code, stderr) of every captured end."""
    captured = []
    for file in sorted((Path(__file__).parent / "stderr").glob("*.txt")):
        parts = _HEADER.split(file.read_text())[1:]
        for kind, name, code, text in zip(*[iter(parts)] * 4, strict=True):
            captured.append((f"{file.stem}-{name}", FailureKind(kind), int(code), text))
    return captured


CAPTURED = read_captured()


@pytest.mark.parametrize(("kind", "code", "text"), [end[1:] for end in CAPTURED], ids=[end[0] for end in CAPTURED])
def test_explains_what_ffmpeg_really_wrote(kind: FailureKind, code: int, text: str) -> None:
    failure = explain_failure(text, code)
    assert failure.kind == kind
    assert not re.search(r"secret123|:wrong|:pw@|p%40ss", failure.text)


def test_every_kind_but_unknown_was_captured() -> None:
    assert {end[1] for end in CAPTURED} == set(FailureKind) - {FailureKind.UNKNOWN, FailureKind.ADDRESS_REFUSED}


def test_a_silent_end_with_success_is_the_camera_closing() -> None:
    assert explain_failure("", 0).kind is FailureKind.ENDED


def test_an_unknown_end_shows_the_last_words_without_credentials() -> None:
    failure = explain_failure("[error] strange thing at rtsp://u:hunter2@camera/a?token=abc\n[warning] later\n", 7)
    assert failure == Failure(
        FailureKind.UNKNOWN,
        "ffmpeg ended for a reason we do not know (exit code 7). "
        "Its last words: [error] strange thing at rtsp://***@camera/a?token=***",
    )


def test_a_signal_is_named() -> None:
    assert explain_failure("", -9).text == "ffmpeg was ended by signal 9. It is started again."


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("open 'rtsp://u:p@c/a'", "open 'rtsp://***@c/a'"),
        ("rtsp://u@c rtmp://x:y@d", "rtsp://***@c rtmp://***@d"),
        ("rtsp://u:p@ss/w:o'rd@c/a", "rtsp://***@c/a"),
        ("http://c/a?password=p&x=1", "http://c/a?password=***&x=1"),
        ("rtsp://c:554/a is fine", "rtsp://c:554/a is fine"),
    ],
)
def test_redaction(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_hostile_text_costs_no_time() -> None:
    for text in ("_" * 8_192, "://" * 2_700, "pass" * 2_048, "\n" * 8_192):
        assert redact(text) == text
        explain_failure(text, 1)


def test_a_megabyte_of_address_is_looked_through_once() -> None:
    texts = ["://" * 350_000, "://" * 350_000 + " rtsp://u:p@c", "a@b://" * 170_000]
    begun = time.process_time()
    redacted = [redact(text) for text in texts]
    assert redacted == [texts[0], "://" * 350_000 + " rtsp://***@c", "a@b://***@b://"]
    assert round((time.process_time() - begun) / 10) == 0


def test_what_is_no_address_by_its_length_is_not_shown_again() -> None:
    assert redact_typed("rtsp://u:p@c/a") == "rtsp://***@c/a"
    assert redact_typed("_" * 2_000 + "=") == ""
