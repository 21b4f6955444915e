"""The stream of events: what is written when, and how it ends."""

from collections.abc import Iterator

from observers.status.stream import HEARTBEAT_SECONDS, LONGEST_SECONDS, ROUND_SECONDS, Places, Stream, tell_changes


class Clock:
    """Goes on by sleeping only."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def tell(looks: Iterator[dict[str, str] | None], last_id: str = "") -> list[bytes]:
    clock = Clock()
    return list(tell_changes(lambda: next(looks), last_id=last_id, clock=clock, sleep=clock.sleep))


def forever(sections: dict[str, str]) -> Iterator[dict[str, str]]:
    while True:
        yield sections


def test_nothing_new_is_a_sign_of_life_each_fifteen_seconds_and_an_end_after_five_minutes() -> None:
    told = tell(forever({"alarms": "none"}))
    assert told[:2] == [
        b"retry: 2000\n\n",
        b'id: b7f8d859fd586dcbaae78a4d\nevent: alarms\ndata: {"html": "none"}\n\n',
    ]
    assert told[-1] == b"event: again\ndata: {}\n\n"
    assert set(told[2:-1]) == {b": still here\n\n"}
    assert len(told[2:-1]) == (LONGEST_SECONDS - ROUND_SECONDS) // HEARTBEAT_SECONDS


def test_only_the_section_that_changed_is_told() -> None:
    looks = iter([{"a": "1", "b": "1"}, {"a": "1", "b": "2"}, None])
    told = tell(looks)
    assert [line.count(b"event: a") for line in told] == [0, 1, 0, 0]
    assert [line.count(b"event: b") for line in told] == [0, 1, 1, 0]
    assert told[-1] == b"event: over\ndata: {}\n\n"


def test_a_text_of_several_lines_is_one_line_of_data() -> None:
    (event,) = tell(iter([{"a": "one\ntwo\n\nevent: evil"}, None]))[1:2]
    assert event.decode().splitlines()[2:] == ['data: {"html": "one\\ntwo\\n\\nevent: evil"}', ""]


def test_a_place_is_given_back_once_also_where_nothing_was_read() -> None:
    places = Places(most=1)
    assert (places.take(1), places.take(2)) == (True, False)
    stream = Stream(tell_changes(dict), lambda: places.leave(1))
    stream.close()
    stream.close()
    assert (places.take(2), places.take(1)) == (True, False)


def test_one_person_does_not_take_all_places() -> None:
    places = Places(most=10, of_one=2)
    assert [places.take(1) for _ in range(3)] == [True, True, False]
    assert places.take(2) is True
