"""What is fed to a decoder begins with a keyframe where that is near, and is never too much."""

from datetime import timedelta

import pytest

from footage.reader import Fragment
from replay.pictures.choosing import choose_before, choose_feeds


def make(keys: str, size: int = 10) -> list[Fragment]:
    """Give fragments of 4 s, `k` for each that begins with a keyframe."""
    four = timedelta(seconds=4)
    return [Fragment(size * n, size, four * n, four, key == "k", 1) for n, key in enumerate(keys)]


@pytest.mark.parametrize(
    ("keys", "seconds", "feeds"),
    [
        ("kkk", 0, ["0"]),
        ("kkk", 9, ["2"]),
        ("k-k", 7, ["01"]),
        ("k---", 15, ["0123"]),
        ("k-----", 23, ["2345", "012345"]),
        ("------", 3, ["0"]),
        ("kkk", 100, ["2"]),
    ],
)
def test_the_cheapest_comes_first(keys: str, seconds: int, feeds: list[str]) -> None:
    found = choose_feeds(make(keys), timedelta(seconds=seconds))
    assert ["".join(str(each.offset // 10) for each in feed) for feed in found] == feeds


def test_too_much_is_not_fed() -> None:
    at = timedelta(seconds=23)
    assert [len(feed) for feed in choose_feeds(make("k-----"), at, most_bytes=40)] == [4]
    assert list(choose_feeds(make("k-----"), at, most_bytes=30)) == []
    assert list(choose_feeds([], at)) == []


@pytest.mark.parametrize(("keys", "number", "before"), [("k-k", 2, ""), ("kk-", 2, "1"), ("k-------", 7, "3456")])
def test_a_group_is_decoded_from_what_is_near(keys: str, number: int, before: str) -> None:
    fragments = make(keys)
    assert "".join(str(each.offset // 10) for each in choose_before(fragments, fragments[number])) == before
