"""What MediaMTX asks before it lets somebody publish or watch (`authMethod: http`), read into a frozen record."""

from urllib.parse import parse_qs

import msgspec

MAX_QUESTION_BYTES = 32 * 1024
"""ffmpeg's longest RTSP address has 4,096 characters; what is longer is no question of MediaMTX's."""


class Question(msgspec.Struct, frozen=True):
    """One question; `user` and `password` are as the client sent them, `query` is that of its address."""

    action: str
    path: str
    user: str = ""
    password: str = ""
    query: str = ""

    @property
    def token(self) -> str:
        """The `token` of the address's query, empty without one."""
        return read_token_parameter(self.query)


_decoder = msgspec.json.Decoder(Question)


def read_question(body: bytes) -> Question:
    """Give the question; ValueError where the body is none."""
    return _decoder.decode(body)


def read_token_parameter(query: str) -> str:
    """Give the `token` of a query, empty where there is none or more than one: two would be two answers."""
    try:
        tokens = parse_qs(query, max_num_fields=20).get("token", [])
    except ValueError:
        return ""
    return tokens[0] if len(tokens) == 1 else ""
