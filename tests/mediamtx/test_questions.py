"""What MediaMTX asks before it lets somebody publish or watch."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediamtx.questions import Question, read_question, read_token_parameter

# As v1.20.1 sent it for an ffmpeg that published.
SENT = {
    "ip": "127.0.0.1",
    "user": "camera-1",
    "password": "good",
    "token": "good",
    "action": "publish",
    "path": "stream_a",
    "protocol": "rtsp",
    "id": "af24aeda-3baf-4f3e-947c-3b819a92edbd",
    "query": "a=1&token=t0ken",
    "userAgent": "Lavf63.1.102",
}


def test_a_question_is_read_in_our_words() -> None:
    question = read_question(json.dumps(SENT).encode())
    assert question == Question("publish", "stream_a", "camera-1", "good", "a=1&token=t0ken")
    assert question.token == "t0ken"


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"null", b"\xff", b'{"action": 1, "path": "a"}', b'{"action": "r"}']
)
def test_what_is_no_question_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        read_question(body)


@pytest.mark.parametrize("query", ["", "a=1", "token", "token=", "token=a&token=b", "&".join("a=1" for _ in range(30))])
def test_without_one_token_there_is_none(query: str) -> None:
    assert read_token_parameter(query) == ""


@given(st.text())
def test_no_query_breaks_the_reading(query: str) -> None:
    assert isinstance(read_token_parameter(query), str)
