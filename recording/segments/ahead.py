"""Work of the disk done in threads while its caller waits for Postgres; neither keeps the other waiting."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, islice
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")
Told = TypeVar("Told")


def work_ahead(work: Callable[[Item], Result], items: Iterable[Item], *, at_once: int = 1) -> Iterator[Result]:
    """Give the results in order, of which the next `at_once` are being made while the caller has one.

    An item is taken when its turn comes. The work must not ask Postgres.
    """
    waiting = iter(items)
    first = list(islice(waiting, 2))
    if len(first) < 2:
        yield from map(work, first)
        return
    with ThreadPoolExecutor(at_once) as workers:
        coming = deque(workers.submit(work, item) for item in chain(first, islice(waiting, at_once - 1)))
        while coming:
            done = coming.popleft().result()
            coming.extend(workers.submit(work, item) for item in islice(waiting, 1))
            yield done


def work_beside(
    work: Callable[[Item], Result], ask: Callable[[Item], Told], items: Iterable[Item], *, at_once: int = 1
) -> Iterator[tuple[Told, Result]]:
    """Give what Postgres tells of each item and what became of it, in order: the caller asks while the threads work.

    One item more than are worked at once is taken, so that no thread waits for the caller.
    """
    with ThreadPoolExecutor(at_once) as workers:
        waiting = iter(items)
        coming = deque((item, workers.submit(work, item)) for item in islice(waiting, at_once + 1))
        while coming:
            item, done = coming.popleft()
            pair = ask(item), done.result()
            coming.extend((item, workers.submit(work, item)) for item in islice(waiting, 1))
            yield pair
