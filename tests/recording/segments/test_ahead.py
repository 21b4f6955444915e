"""Work done ahead: in order, no more at once than asked for, each item taken when its turn comes."""

from collections.abc import Iterator
from threading import Barrier

import pytest

from recording.segments.ahead import work_ahead, work_beside


@pytest.mark.parametrize("count", [0, 1, 2, 3, 10])
@pytest.mark.parametrize("at_once", [1, 2, 4])
def test_results_come_in_order(count: int, at_once: int) -> None:
    assert list(work_ahead(lambda item: item * 2, iter(range(count)), at_once=at_once)) == [2 * n for n in range(count)]


def test_as_many_are_worked_at_once_as_asked_for() -> None:
    together = Barrier(3, timeout=30)
    assert [each >= 0 for each in work_ahead(lambda _: together.wait(), range(6), at_once=3)] == [True] * 6


def test_an_item_is_taken_when_its_turn_comes() -> None:
    taken: list[int] = []

    def take() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    results = work_ahead(lambda item: item, take(), at_once=2)
    assert next(results) == 0
    assert taken == [0, 1, 2, 3]
    assert list(results) == list(range(1, 10))


def test_what_fails_fails_where_its_result_is_wanted() -> None:
    results = work_ahead(lambda item: 1 // item, [1, 0, 1])
    assert next(results) == 1
    with pytest.raises(ZeroDivisionError):
        next(results)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_the_caller_asks_while_the_thread_works(count: int) -> None:
    together = Barrier(2, timeout=30)

    def work(item: int) -> int:
        together.wait()
        return item * 2

    def ask(item: int) -> int:
        together.wait()
        return -item

    assert list(work_beside(work, ask, iter(range(count)))) == [(-n, 2 * n) for n in range(count)]


def test_many_threads_work_while_the_caller_asks() -> None:
    together, taken = Barrier(3, timeout=30), list[int]()

    def take() -> Iterator[int]:
        for number in range(9):
            taken.append(number)
            yield number

    pairs = work_beside(lambda _: together.wait() >= 0, lambda item: item, take(), at_once=3)
    assert next(pairs) == (0, True)
    assert taken == [0, 1, 2, 3, 4]
    assert list(pairs) == [(number, True) for number in range(1, 9)]
