"""Work of the disk done in a thread while its caller waits for Postgres; neither keeps the other waiting."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def work_ahead(work: Callable[[Item], Result], items: Sequence[Item]) -> Iterator[Result]:
    """Give the results in order, of which the next is being made while the caller has one; it must not ask Postgres."""
    if len(items) <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(work, items[0])
        for item in items[1:]:
            done, coming = coming, worker.submit(work, item)
            yield done.result()
        yield coming.result()
