"""Telling what hangs from what works, and never hanging with it."""

import threading
from collections.abc import Callable

import pytest

from tests.vms.launcher.conftest import wait_until
from vms.launcher.hearing import Hearing, Watch, count_silence, is_hung


def no() -> bool:
    return False


def listen_until(hearing: Hearing, is_so: Callable[[], bool], *, feel: Callable[[], bool] = no, now: float) -> None:
    def look() -> bool:
        hearing.listen(feel, now)
        return is_so()

    wait_until(look)


@pytest.mark.parametrize(("before", "answer", "after"), [(4, True, 0), (4, False, 5), (4, None, 4)])
def test_only_an_answer_ends_a_silence_or_lengthens_it(before: int, answer: bool | None, after: int) -> None:  # noqa: FBT001 -- a case of the table
    assert count_silence(before, answer) == after


def test_what_is_not_watched_never_hangs() -> None:
    assert [is_hung(None, 99), is_hung(Watch(looks=6), 5), is_hung(Watch(looks=6), 6)] == [False, False, True]


def test_looks_come_one_by_one() -> None:
    hearing = Hearing(Watch(every=15.0), began_at=100.0)
    hearing.listen(no, 114.9)
    assert hearing.silent_looks == 0
    listen_until(hearing, lambda: hearing.silent_looks == 1, now=115.0)
    hearing.listen(no, 129.9)
    assert hearing.silent_looks == 1
    listen_until(hearing, lambda: hearing.silent_looks == 2, now=130.0)


def test_a_pulse_ends_a_silence() -> None:
    hearing = Hearing(Watch(every=15.0), began_at=0.0, silent_looks=5)
    hearing.listen(lambda: True, 15.0)
    assert hearing.silent_looks == 0


def test_who_has_an_excuse_is_not_silent() -> None:
    hearing = Hearing(Watch(is_alive=no, is_excused=lambda: True), began_at=0.0, silent_looks=5)
    listen_until(hearing, lambda: hearing.silent_looks == 0, now=15.0)


def test_a_question_that_never_returns_holds_nobody_up_and_says_nothing() -> None:
    over = threading.Event()
    asked: list[float] = []

    def hang() -> bool:
        asked.append(1)
        return not over.wait()

    hearing = Hearing(Watch(is_alive=hang), began_at=0.0)
    for now in (15.0, 30.0, 45.0):
        hearing.listen(no, now)
    assert hearing.silent_looks == 0
    over.set()
    listen_until(hearing, lambda: hearing.silent_looks == 1, now=45.0)
    assert len(asked) == 1
