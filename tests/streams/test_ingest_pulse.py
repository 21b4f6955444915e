"""The pulse never fails nor waits, whoever listens."""

import os

import pytest

from streams.ingest.pulse import PULSE_VARIABLE, find_pulse


@pytest.mark.parametrize("environ", [{}, {PULSE_VARIABLE: ""}, {PULSE_VARIABLE: "-1"}])
def test_without_a_listener_nothing_is_done(environ: dict[str, str]) -> None:
    find_pulse(environ)()


def test_it_is_felt_and_neither_a_full_pipe_nor_a_broken_one_matters() -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    pulse = find_pulse({PULSE_VARIABLE: str(writer)})
    pulse()
    assert os.read(reader, 10) == b"."
    for _ in range(2**17):
        pulse()
    os.close(reader)
    pulse()
    os.close(writer)
