"""What was told under a number is told under it for ever, whatever the ring takes and the camera adds."""

import logging
from operator import itemgetter
from typing import Any
from uuid import uuid4

import pytest
from django.core.cache import cache
from hypothesis import given
from hypothesis import strategies as st
from redis.exceptions import RedisError

from footage.playlist import FIRST, Place
from replay.numbering import NOTHING_TOLD, Stretch, Told, choose_stretches, go_on, note_told, recall

A, B, C = Stretch(10, 3, 1), Stretch(20, 4, 2), Stretch(30, 5, 1)
LATE, NEXT = Stretch(25, 9, 1), Stretch(40, 9, 1)
TOLD = note_told(NOTHING_TOLD, [A, B, C], FIRST)


def test_each_begins_where_the_one_before_ends() -> None:
    expected = Told({10: Place(0, 0), 20: Place(3, 1), 30: Place(7, 3)}, latest=30, following=Place(12, 4))
    assert note_told(NOTHING_TOLD, [A, B, C], FIRST) == expected
    assert note_told(TOLD, [], Place(12, 4)) == Told({}, latest=30, following=Place(12, 4))


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([A, B, C], ([A, B, C], FIRST)),
        ([B, C, NEXT], ([B, C, NEXT], Place(3, 1))),
        ([C], ([C], Place(7, 3))),
        ([A, C], ([C], Place(7, 3))),
        ([A, B], ([A, B], FIRST)),
        ([A, B, LATE, C], ([A, B, C], FIRST)),
        ([LATE], ([], Place(12, 4))),
        ([NEXT], ([NEXT], Place(12, 4))),
    ],
)
def test_the_first_that_is_told_keeps_its_place(there: list[Stretch], expected: tuple[list[Stretch], Place]) -> None:
    assert choose_stretches(TOLD, there) == expected
    assert choose_stretches(NOTHING_TOLD, there) == (there, FIRST)


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ([Stretch(8, 3, 1, 1), Stretch(20, 4, 1, 2)], {8: Place(0, 0), 20: Place(3, 1)}),
        ([Stretch(8, 3, 1, 1)], {8: Place(0, 0), 20: Place(3, 1)}),
        ([Stretch(18, 4, 1, 2)], {18: Place(3, 1)}),
        # Another session of the same file, which is there beside the one that was told.
        (
            [Stretch(10, 3, 1, 1), Stretch(20, 4, 1, 2), Stretch(24, 1, 1, 2)],
            {10: FIRST, 20: Place(3, 1), 24: Place(7, 2)},
        ),
        # Another file, earlier than what was told and is gone.
        ([Stretch(8, 3, 1, 3)], {}),
    ],
)
def test_a_stretch_whose_beginning_was_corrected_keeps_its_place(
    there: list[Stretch], expected: dict[int, Place]
) -> None:
    key = f"test:{uuid4()}"
    go_on(key, NOTHING_TOLD, [Stretch(10, 3, 1, 1), Stretch(20, 4, 1, 2)])
    go_on(key, recall(key), there)
    assert recall(key).places == expected


@given(st.lists(st.sets(st.integers(0, 12)), max_size=9))
def test_no_stretch_ever_changes_its_place_and_time_runs_forward(story: list[set[int]]) -> None:
    told, ever = NOTHING_TOLD, dict[int, Place]()
    for there in story:
        kept, place = choose_stretches(told, [Stretch(each, each % 3 + 1, each % 2 + 1) for each in sorted(there)])
        told = note_told(told, kept, place)
        assert told.places == {begins: ever.get(begins, where) for begins, where in told.places.items()}
        ever |= told.places
        in_order = [begins for begins, _ in sorted(ever.items(), key=itemgetter(1))]
        assert in_order == sorted(ever)


def test_without_redis_numbers_begin_anew(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def fail(*values: Any) -> None:
        raise RedisError("no answer")

    one, two = f"test:{uuid4()}", f"test:{uuid4()}"
    assert go_on(one, recall(one), [A, B]) == ([A, B], FIRST)
    assert go_on(one, recall(one), [B, C]) == ([B, C], Place(3, 1))
    assert go_on(two, recall(two), [B, C]) == ([B, C], FIRST)
    monkeypatch.setattr(cache, "get", fail)
    monkeypatch.setattr(cache, "set", fail)
    with caplog.at_level(logging.WARNING):
        assert go_on(one, recall(one), [C]) == ([C], FIRST)
    assert [record.name for record in caplog.records] == ["replay.numbering"] * 2


def test_a_target_is_remembered_with_the_numbers_and_of_those_from_before_there_is_none() -> None:
    key = f"test:{uuid4()}"
    go_on(key, Told({}, target=8), [A])
    assert recall(key) == Told({10: FIRST}, latest=10, following=Place(3, 1), target=8)
    cache.set(key, ({10: (0, 0)}, 10, (3, 1)))
    assert recall(key) == Told({10: FIRST}, latest=10, following=Place(3, 1))
