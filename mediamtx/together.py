"""Questions asked all at once: each may use up its whole time, and together they take no longer than the longest."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")

AT_ONCE = 64


def ask_together(questions: Mapping[Key, Callable[[], Answer]]) -> Iterator[tuple[Key, Answer]]:
    """Give the answers as they come. Each question is asked in a thread of its own, and must touch no database."""
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, max(1, len(questions)))) as threads:
        asked = {threads.submit(question): key for key, question in questions.items()}
        for answered in as_completed(asked):
            yield asked[answered], answered.result()
