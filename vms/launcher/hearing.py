"""Listening to services that run: how one that hangs is told from one that works, or is merely slow."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

EVERY_SECONDS = 15.0
LOOKS = 6


def _is_never() -> bool:
    """No excuse at all."""
    return False


@dataclass(frozen=True)
class Watch:
    """What a service is asked once it is ready, and what becomes of one that is silent.

    ``is_alive`` is asked every ``every`` seconds, beside all else; without it the program's pulse is felt. Where there
    was no sign of life, ``is_excused`` is asked whether that lies with something else, or is not known. What was silent
    at ``looks`` looks in a row hangs. ``restarts``: it is started again then; otherwise it is only told of.
    """

    is_alive: Callable[[], bool] | None = None
    is_excused: Callable[[], bool] = _is_never
    every: float = EVERY_SECONDS
    looks: int = LOOKS
    restarts: bool = True


@dataclass
class Hearing:
    """What was heard of a service since it became ready: at how many looks in a row it was silent."""

    watch: Watch
    began_at: float
    silent_looks: int = 0
    is_told: bool = False
    _looked_at: float = field(init=False)
    _question: "Question | None" = None

    def __post_init__(self) -> None:
        self._looked_at = self.began_at

    def listen(self, feel: Callable[[], bool], now: float) -> None:
        """Look when it is time, and take the answer when there is one; never waits. ``feel`` asks the pulse."""
        if self._question is not None:
            self._take_answer(self._question)
        elif now - self._looked_at >= self.watch.every:
            self._looked_at = now
            self._look(feel)

    def _look(self, feel: Callable[[], bool]) -> None:
        if self.watch.is_alive is None and feel():
            self.silent_looks = 0
        else:
            self._question = Question(lambda: is_heard(self.watch))

    def _take_answer(self, question: "Question") -> None:
        if question.is_over:
            self.silent_looks = count_silence(self.silent_looks, question.answer)
            self._question = None

    def begin_again(self) -> None:
        """Forget the silence: something was done about it."""
        self.silent_looks = 0


class Question:
    """A question asked by a thread of its own: what is asked may hang for ever, and nobody must hang with it."""

    def __init__(self, ask: Callable[[], bool]) -> None:
        self.is_over = False
        self.answer: bool | None = None
        self._ask = ask
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            self.answer = self._ask()
        finally:
            self.is_over = True


def is_heard(watch: Watch) -> bool:
    """Say whether there is a sign of life when asked for, or an excuse for there being none."""
    return (watch.is_alive is not None and watch.is_alive()) or watch.is_excused()


def count_silence(before: int, answer: bool | None) -> int:  # noqa: FBT001 -- the answer itself is what is judged
    """Give the silent looks in a row after one more; a question that failed (None) says nothing either way."""
    if answer is None:
        return before
    return 0 if answer else before + 1


def is_hung(watch: Watch | None, silent_looks: int) -> bool:
    """Say whether the service was silent for so long that it hangs."""
    return watch is not None and silent_looks >= watch.looks


def say_silent(watch: Watch) -> str:
    """Say how long nothing was heard."""
    return f"gave no sign of life for {watch.every * watch.looks:.0f} s"
