"""What was told under a number is told under it for ever, whatever the ring takes and the camera adds."""

import logging
from typing import Any

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import RedisError

from footage.playlist import FIRST, Place
from replay.numbering import Stretch, choose_beginning, go_on, lay_out

A, B, C = Stretch("a", 3, 1), Stretch("b", 4, 2), Stretch("c", 5, 1)
TOLD = lay_out([A, B, C], FIRST)


def test_each_begins_where_the_one_before_ends() -> None:
    told = {"a": Place(0, 0), "b": Place(3, 1), "c": Place(7, 3), "": Place(12, 4)}
    assert lay_out([A, B, C], FIRST) == told


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([A, B, C], (0, FIRST)),
        ([B, C], (0, Place(3, 1))),
        ([C], (0, Place(7, 3))),
        ([A, C], (1, Place(7, 3))),
        ([A, B], (0, FIRST)),
        ([Stretch("new", 9, 1), B, C], (1, Place(3, 1))),
        ([Stretch("next", 9, 1)], (0, Place(12, 4))),
    ],
)
def test_the_first_that_is_told_keeps_its_place(there: list[Stretch], expected: tuple[int, Place]) -> None:
    assert choose_beginning(TOLD, there) == expected
    assert choose_beginning({}, there) == (0, FIRST)


@given(st.lists(st.tuples(st.sets(st.integers(0, 8)), st.integers(0, 3)), max_size=8))
def test_no_stretch_ever_changes_its_place(story: list[tuple[set[int], int]]) -> None:
    told, ever, there, made = dict[str, Place](), dict[str, Place](), list[Stretch](), 0
    for taken, added in story:
        there = [each for number, each in enumerate(there) if number not in taken]
        there += [Stretch(str(made + number), made % 3 + 1, made % 2 + 1) for number in range(added)]
        made += added
        skipped, place = choose_beginning(told, there)
        told = lay_out(there[skipped:], place)
        places = {name: where for name, where in told.items() if name}
        assert places == {name: ever.get(name, where) for name, where in places.items()}
        ever |= places


def test_without_redis_numbers_begin_anew(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*values: Any) -> None:
        raise RedisError("no answer")

    assert go_on("one", [A, B]) == (0, FIRST)
    assert go_on("one", [B, C]) == (0, Place(3, 1))
    assert go_on("two", [B, C]) == (0, FIRST)
    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    with caplog.at_level(logging.WARNING):
        assert go_on("one", [C]) == (0, FIRST)
    assert [record.name for record in caplog.records] == ["replay.numbering"] * 2
