"""Questions asked at once hold each other up as little as can be."""

import threading

import pytest

from mediamtx.errors import MediaMTXUnavailable
from mediamtx.together import ask_together


def test_who_answers_first_is_heard_first() -> None:
    heard = threading.Event()

    def answer_late() -> str:
        assert heard.wait(10)
        return "late"

    answers = []
    for key, answer in ask_together({1: answer_late, 2: lambda: "at once"}):
        answers.append((key, answer))
        heard.set()
    assert answers == [(2, "at once"), (1, "late")]


def test_without_questions_there_are_no_answers() -> None:
    assert list(ask_together({})) == []


def test_what_a_question_raises_is_raised_here() -> None:
    def fail() -> None:
        raise MediaMTXUnavailable("gone")

    with pytest.raises(MediaMTXUnavailable, match="gone"):
        list(ask_together({1: fail}))
