"""Durations in the forms that MediaMTX gives and takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediamtx.durations import parse_duration, read_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("0", 0.0),
        ("7d", 604_800.0),
        ("168h0m0s", 604_800.0),
        ("1d12h", 129_600.0),
        ("1d0s", 86_400.0),
        ("30m", 1800.0),
        ("1.5h", 5400.0),
        ("1h2m3.5s", 3723.5),
        ("250ms", 0.25),
        (".5s", 0.5),
    ],
)
def test_what_go_and_mediamtx_write_is_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "7", "d", "7 d", "-7d", "1.5d", "12h1d", "7d7", "soon", "1h ", "١d", "7D", "٣s"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no duration"):
        parse_duration(text)


@given(st.integers(0, 3650), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_days_and_gos_form_of_the_rest_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    text = f"{days}d{hours}h{minutes}m{seconds}s"
    assert parse_duration(text) == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def test_an_empty_answer_is_zero_and_a_missing_one_is_none() -> None:
    assert [read_duration(answer) for answer in ("", "7d", "36h0m0s")] == [0.0, 604_800.0, 129_600.0]
    for answer in (None, 7, ["7d"], "soon"):
        with pytest.raises(ValueError, match="is no duration"):
            read_duration(answer)
