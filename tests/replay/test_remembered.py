"""Texts given again: to whom, how long, and no more of them than there is room for."""

from datetime import UTC, datetime, timedelta

from replay.remembered import REUSED, Texts

NOW = datetime(2026, 1, 27, 12, tzinfo=UTC)


def content_of(texts: Texts, key: str, now: datetime = NOW) -> bytes | None:
    found = texts.find(key, now)
    return b"".join(found.content) if found else None


def test_a_text_is_kept_with_what_it_was_written_of() -> None:
    texts = Texts()
    texts.keep("a", "source", NOW, [b"one", b"two"])
    found = texts.find("a", NOW)
    assert found is not None
    assert (found.content, found.source, found.written_at) == ([b"one", b"two"], "source", NOW)
    assert content_of(texts, "b") is None


def test_a_text_is_given_for_two_minutes() -> None:
    texts = Texts()
    texts.keep("a", 1, NOW, [b"x"])
    ages = [timedelta(), REUSED - timedelta(microseconds=1), REUSED, timedelta(seconds=-1)]
    assert [content_of(texts, "a", NOW + age) for age in ages] == [b"x", b"x", None, None]


def test_what_was_asked_for_longest_ago_makes_room() -> None:
    texts = Texts(most_bytes=10)
    for key in ("a", "b"):
        texts.keep(key, 1, NOW, [b"12345"])
    texts.find("a", NOW)
    texts.keep("c", 1, NOW, [b"123"])
    assert [content_of(texts, key) for key in ("a", "b", "c")] == [b"12345", None, b"123"]
    texts.keep("c", 2, NOW, [b"12"])
    assert (content_of(texts, "c"), texts._bytes) == (b"12", 7)
    texts.keep("d", 1, NOW, [b"12345678901"])
    assert (content_of(texts, "d"), texts._bytes) == (None, 7)
    texts.forget_all()
    assert (content_of(texts, "a"), texts._bytes) == (None, 0)
