"""What the ingest decides, without a process or a database."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from streams.ingest.decisions import (
    LONGEST_DELAY,
    MEDIA_SERVER,
    NO_SOUND,
    UNAUTHORIZED,
    Drop,
    GiveUp,
    Kill,
    Patience,
    Phase,
    Problem,
    Relay,
    Report,
    Start,
    Wish,
    begin,
    decide,
    end,
    fail,
    find_servers_away,
    move_on,
    next_delay,
    report_on,
)
from streams.models import StreamState

PATIENCE = Patience(stall=15, first_picture=20, stop=3, lease=15, starts_per_pass=40)
REFUSED = Problem("refused", "The camera refused the connection.")
SERVER_GONE = Problem(MEDIA_SERVER, "MediaMTX did not take the picture.")


def test_a_media_server_s_address_that_is_none_ends_nothing() -> None:
    assert make_wish(server="rtsp://m1:8554").publishes_to == ("m1", 8554)
    assert make_wish(server="rtsp://m1:85544").publishes_to == ("", 0)


def make_wish(
    pk: int = 1,
    *,
    address: str = "rtsp://10.0.0.5/live?token=secret",
    server: str = "rtsp://m1:8554",
    password: str = "secret",  # noqa: S107 -- made up
    wanted: bool = True,
) -> Wish:
    return Wish(pk, f"stream_{pk}", server, address.replace("//", f"//admin:{password}@"), wanted)


def wait_none(kind: str, failures: int) -> float:
    return 0.0


def by_pk(*relays: Relay) -> Mapping[int, Relay]:
    return {relay.wish.stream_pk: relay for relay in relays}


def decide_one(wish: Wish | None, relay: Relay | None, now: float) -> list[object]:
    wishes = {wish.stream_pk: wish} if wish else {}
    return list(decide(wishes, by_pk(relay) if relay else {}, now, PATIENCE))


def test_a_new_wish_is_started() -> None:
    assert decide_one(make_wish(), None, 100) == [Start(make_wish())]


def test_a_wish_that_is_held_but_not_wanted_is_not_started() -> None:
    assert decide_one(make_wish(wanted=False), None, 100) == []


def test_a_live_relay_of_an_unchanged_wish_is_left_alone() -> None:
    live = move_on(begin(None, make_wish(), 100), 101)
    assert decide_one(make_wish(), live, 115.9) == []


def test_a_dropped_wish_ends_its_relay_gently_and_a_lost_lease_at_once() -> None:
    live = move_on(begin(None, make_wish(), 100), 101)
    assert decide_one(make_wish(wanted=False), live, 102) == [Drop(1, at_once=False)]
    assert decide_one(None, live, 102) == [Drop(1, at_once=True)]


def test_other_credentials_or_another_server_restart_the_relay() -> None:
    live = move_on(begin(None, make_wish(), 100), 101)
    for changed in (make_wish(password="other"), make_wish(server="rtsp://m2:8554")):
        assert decide_one(changed, live, 102) == [Drop(1, at_once=False)]
        ending = end(live, 102, 3)
        assert decide_one(changed, ending, 103) == []
        assert decide_one(changed, None, 103) == [Start(changed)]


def test_a_waiting_relay_is_replaced_at_once_when_its_wish_changes() -> None:
    waiting = fail(begin(None, make_wish(), 100), REFUSED, 101, lambda *_: 60)
    changed = make_wish(address="rtsp://10.0.0.6/live")
    assert decide_one(changed, waiting, 102) == [Drop(1, at_once=False), Start(changed)]
    assert begin(waiting, changed, 102).failures == 0


def test_a_process_that_does_not_end_is_killed_when_patience_is_over() -> None:
    ending = end(move_on(begin(None, make_wish(), 100), 101), 102, 3)
    assert decide_one(make_wish(wanted=False), ending, 104.9) == []
    assert decide_one(make_wish(wanted=False), ending, 105) == [Kill(1)]


def test_no_first_picture_is_a_timeout() -> None:
    starting = begin(None, make_wish(), 100)
    assert decide_one(make_wish(), starting, 119.9) == []
    [action] = decide_one(make_wish(), starting, 120)
    assert isinstance(action, GiveUp)
    assert action.problem.kind == "timeout"


def test_a_picture_that_stands_still_is_stalled() -> None:
    live = move_on(move_on(begin(None, make_wish(), 100), 101), 200)
    assert decide_one(make_wish(), live, 214.9) == []
    [action] = decide_one(make_wish(), live, 215)
    assert isinstance(action, GiveUp)
    assert action.problem.kind == "stalled"


def test_a_failed_relay_is_started_again_when_due() -> None:
    waiting = fail(begin(None, make_wish(), 100), REFUSED, 101, lambda *_: 4)
    assert decide_one(make_wish(), waiting, 104.9) == []
    assert decide_one(make_wish(), waiting, 105) == [Start(make_wish())]


def test_starts_are_paced_and_the_longest_due_goes_first() -> None:
    wishes = {pk: make_wish(pk) for pk in range(1, 101)}
    relays = by_pk(*(fail(begin(None, wish, 0), REFUSED, 100 - pk, wait_none) for pk, wish in wishes.items()))
    started = [action.wish.stream_pk for action in decide(wishes, relays, 200, PATIENCE) if isinstance(action, Start)]
    assert started == list(range(100, 60, -1))


def test_a_media_server_that_is_away_gets_one_start_per_pass_and_the_others_all() -> None:
    away = {pk: make_wish(pk, server="rtsp://away:8554") for pk in range(1, 11)}
    well = {pk: make_wish(pk, server="rtsp://well:8554") for pk in range(11, 21)}
    relays = by_pk(*(fail(begin(None, wish, 0), SERVER_GONE, 1, wait_none) for wish in away.values()))
    started = [
        action.wish.stream_pk for action in decide(away | well, relays, 2, PATIENCE) if isinstance(action, Start)
    ]
    assert sorted(started) == [1, *range(11, 21)]


def test_a_media_server_is_back_as_soon_as_one_of_its_pictures_moves_on() -> None:
    gone = fail(begin(None, make_wish(1), 0), SERVER_GONE, 10, wait_none)
    before = move_on(begin(None, make_wish(2), 0), 9)
    assert find_servers_away(by_pk(gone, before)) == {"rtsp://m1:8554"}
    assert find_servers_away(by_pk(gone, move_on(before, 11))) == set()
    assert find_servers_away(by_pk(move_on(begin(gone, gone.wish, 11), 12))) == set()


def test_a_media_servers_failure_does_not_count_against_the_camera() -> None:
    failed = fail(begin(None, make_wish(), 0), REFUSED, 1, wait_none)
    again = fail(begin(failed, failed.wish, 2), SERVER_GONE, 3, wait_none)
    assert (again.failures, again.problem) == (1, SERVER_GONE)


def test_failures_count_up_and_a_steady_picture_forgets_them() -> None:
    relay = fail(begin(None, make_wish(), 0), REFUSED, 1, wait_none)
    relay = fail(begin(relay, relay.wish, 2), REFUSED, 3, wait_none)
    assert relay.failures == 2
    live = move_on(begin(relay, relay.wish, 10), 11)
    assert fail(move_on(live, 40.9), REFUSED, 41, wait_none).failures == 3
    assert fail(move_on(live, 41), REFUSED, 42, wait_none).failures == 1


def test_the_row_keeps_the_problem_until_the_picture_comes() -> None:
    relay = begin(None, make_wish(), 0)
    assert report_on(relay) == Report(StreamState.STARTING)
    relay = fail(relay, REFUSED, 1, wait_none)
    retrying = Report(StreamState.RETRYING, "refused", REFUSED.text, 1)
    assert report_on(relay) == retrying
    relay = begin(relay, relay.wish, 2)
    assert report_on(relay) == retrying
    relay = move_on(relay, 3)
    assert report_on(relay) == Report(StreamState.LIVE, failures=1)
    relay = move_on(relay, 33)
    assert report_on(relay) == Report(StreamState.LIVE)
    assert report_on(end(relay, 34, 3)) is None


def test_a_codec_that_cannot_be_carried_is_tried_without_sound_until_the_wish_changes() -> None:
    relay = fail(begin(None, make_wish(), 0), Problem("unsupported_codec", "Cannot be passed on."), 1, wait_none)
    relay = fail(begin(relay, relay.wish, 2), REFUSED, 3, wait_none)
    relay = begin(relay, relay.wish, 4)
    assert relay.with_sound is False
    assert report_on(move_on(relay, 5)) == Report(StreamState.LIVE, NO_SOUND.kind, NO_SOUND.text, 2)
    assert begin(relay, make_wish(password="other"), 6).with_sound is True


def test_delays_are_jittered_between_their_floor_and_a_doubling_ceiling() -> None:
    def ends_of(kind: str, failures: int) -> tuple[float, float]:
        return next_delay(kind, failures, lambda: 0.0), next_delay(kind, failures, lambda: 1.0)

    assert [ends_of("refused", failures) for failures in (1, 2, 5, 6, 7, 10_000)] == [
        (1, 2), (1, 4), (1, 30), (1, 30), (1, 30), (1, 30),
    ]  # fmt: skip
    assert [ends_of(UNAUTHORIZED, failures) for failures in (1, 2, 3, 9)] == [(10, 20), (10, 30), (10, 30), (10, 30)]
    assert {ends_of(MEDIA_SERVER, failures) for failures in (0, 1, 50)} == {(1, 3)}


@given(
    kind=st.sampled_from(["refused", UNAUTHORIZED, MEDIA_SERVER, "stalled"]),
    failures=st.integers(0, 10**9),
    luck=st.floats(0, 1),
)
def test_no_delay_is_below_a_second_or_above_a_minute(kind: str, failures: int, luck: float) -> None:
    assert 1.0 <= next_delay(kind, failures, lambda: luck) <= LONGEST_DELAY


WISHES = st.builds(
    make_wish,
    st.integers(1, 6),
    address=st.sampled_from(["rtsp://a/1", "rtsp://b/1"]),
    server=st.sampled_from(["rtsp://m1", "rtsp://m2"]),
    wanted=st.booleans(),
)
TIMES = st.floats(0, 1000)
RELAYS = st.builds(
    Relay,
    wish=WISHES,
    phase=st.sampled_from(Phase),
    since=TIMES,
    due=TIMES,
    kill_at=TIMES,
    live_since=st.none() | TIMES,
    progress_at=st.none() | TIMES,
    server_failed_at=st.none() | TIMES,
)


@given(st.lists(WISHES), st.lists(RELAYS), TIMES)
def test_no_stream_ever_runs_twice_or_unwished(wishes: list[Wish], relays: list[Relay], now: float) -> None:
    wished = {wish.stream_pk: wish for wish in wishes}
    known = by_pk(*relays)
    actions = decide(wished, known, now, PATIENCE)
    started = [action.wish for action in actions if isinstance(action, Start)]
    assert len({wish.stream_pk for wish in started}) == len(started)
    for wish in started:
        assert wish.wanted
        assert wish == wished[wish.stream_pk]
        assert wish.stream_pk not in known or known[wish.stream_pk].phase is Phase.WAITING
    dropped = {action.stream_pk for action in actions if isinstance(action, Drop)}
    for pk, relay in known.items():
        if relay.phase is not Phase.ENDING and wished.get(pk) != relay.wish:
            assert pk in dropped


@given(st.lists(WISHES, min_size=1), TIMES)
def test_every_wanted_stream_is_started_sooner_or_later(wishes: list[Wish], now: float) -> None:
    wished = {wish.stream_pk: wish for wish in wishes}
    refused = by_pk(*(fail(begin(None, wish, now), SERVER_GONE, now, wait_none) for wish in wished.values()))
    relays = dict(refused)
    for _ in range(len(wished)):
        for action in decide(wished, relays, now, PATIENCE):
            if isinstance(action, Start):
                relays[action.wish.stream_pk] = replace(
                    relays.get(action.wish.stream_pk) or begin(None, action.wish, now), phase=Phase.STARTING
                )
    wanted = {pk for pk, wish in wished.items() if wish.wanted}
    assert {pk for pk, relay in relays.items() if relay.phase is Phase.STARTING} == wanted


def test_a_wish_never_shows_its_credentials() -> None:
    assert "secret" not in repr(make_wish())
    assert "secret" not in repr(begin(None, make_wish(), 0))
