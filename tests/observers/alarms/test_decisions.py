"""Which troubles hold: pure decisions, and what must be so whatever the facts."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observers.alarms.decisions import (
    Changes,
    OpenAlarm,
    Trouble,
    Verdict,
    choose_cause,
    compare,
    decide,
)
from observers.alarms.facts import CameraFacts, CityCount, Facts, Missing, ServerFacts, Share, Unmet
from observers.models import AlarmKind
from tests.world import NOW

CITY, OTHER = UUID(int=1), UUID(int=2)
WELL = ServerFacts(pk=1, reach="reachable", reach_changed_at=NOW - timedelta(days=1), snapshot_at=NOW)
AWAY = ServerFacts(
    pk=1,
    reach="unreachable",
    reach_changed_at=NOW - timedelta(minutes=1),
    snapshot_at=NOW - timedelta(seconds=70),
)
LONG_AGO = NOW - timedelta(hours=1)


def camera(number: int) -> UUID:
    return UUID(int=1000 + number)


def missing(number: int, misses: int = 3, city: UUID = CITY) -> Missing:
    return Missing(camera(number), city, 1, LONG_AGO, misses)


def unmet(number: int, *, is_online: bool = True, city: UUID = CITY) -> Unmet:
    return Unmet(camera(number), city, 1, LONG_AGO, is_online)


def counted(number: int, count: int) -> CameraFacts:
    return CameraFacts(camera(number), CITY, 1, count)


def facts(server: ServerFacts = WELL, *, wanted: int = 100, recording: int = 100, **more: Any) -> Facts:
    shares = more.pop("shares", (Share(CITY, 1, wanted, recording),))
    return Facts(servers={1: server}, shares=shares, frozen_known=frozenset({1}), **more)


def opened(known: Facts) -> list[tuple[str, bool]]:
    """Give the kinds that open, and whether each is about a camera."""
    troubles = decide(known, NOW).troubles
    return [(str(each.kind), each.camera_id is not None) for each in troubles if each.opens]


def held(known: Facts) -> list[str]:
    return [str(each.kind) for each in decide(known, NOW).troubles if not each.opens]


def test_all_well_is_no_trouble() -> None:
    assert decide(facts(), NOW) == Verdict((), frozenset())


@pytest.mark.parametrize(("misses", "told"), [(1, False), (2, False), (3, True), (50, True)])
def test_a_camera_is_told_offline_after_three_misses(misses: int, told: object) -> None:
    assert (opened(facts(missing=(missing(0, misses),))) == [("camera_offline", True)]) is told


def test_forty_cameras_are_one_alarm_of_each_city() -> None:
    lost = tuple(missing(number, city=CITY if number else OTHER) for number in range(40))
    shares = (Share(CITY, 1, 50), Share(OTHER, 1, 3))
    troubles = [each for each in decide(facts(shares=shares, missing=lost), NOW).troubles if each.opens]
    assert {(each.kind, each.city_id, each.camera_id) for each in troubles} == {
        (AlarmKind.MASS_LOSS, CITY, None),
        (AlarmKind.MASS_LOSS, OTHER, None),
    }
    assert [each.facts for each in troubles if each.city_id == OTHER] == [{"count": 1, "of": 3}]


@pytest.mark.parametrize(("lost", "wanted", "many"), [(9, 9, False), (10, 20, True), (10, 21, False), (40, 80, True)])
def test_many_are_ten_and_half(lost: int, wanted: int, many: object) -> None:
    kinds = opened(facts(wanted=wanted, missing=tuple(missing(number) for number in range(lost))))
    assert (kinds == [("mass_loss", False)]) is many
    assert len(kinds) == (1 if many else lost)


def test_a_mass_loss_in_two_snapshots_is_no_rain_of_alarms() -> None:
    first = [missing(number, 3) for number in range(8)]
    second = [missing(number, 2) for number in range(8, 40)]
    assert opened(facts(wanted=40, missing=(*first, *second))) == []
    later = [replace(each, misses=each.misses + 1) for each in (*first, *second)]
    assert opened(facts(wanted=40, missing=tuple(later))) == [("mass_loss", False)]
    # Had the others come back, the eight would be told one by one.
    assert opened(facts(wanted=40, missing=tuple(later[:8]))) == [("camera_offline", True)] * 8
    # And if ever others go and come, the eight are told all the same.
    others = tuple(missing(number, 1) for number in range(8, 40))
    assert opened(facts(wanted=40, missing=(*later[:8], *others))) == [("camera_offline", True)] * 8


def test_a_mass_loss_stays_until_half_of_it_is_over() -> None:
    lost = tuple(missing(number) for number in range(12))
    assert "mass_loss" in held(facts(wanted=40, missing=lost))
    assert "mass_loss" not in held(facts(wanted=50, missing=lost))


def test_who_comes_and_goes_is_told_as_that() -> None:
    restless = (counted(0, 6),)
    assert opened(facts(restless=restless, missing=(missing(0, 4),))) == [("flapping", True)]
    assert ("camera_offline", True) in opened(facts(restless=restless, missing=(missing(0, 12),)))
    assert opened(facts(restless=(counted(0, 5),))) == []
    assert held(facts(restless=(counted(0, 1),))) == ["flapping"]


@pytest.mark.parametrize(("resets", "told", "stays"), [(11, True, True), (10, False, True)])
def test_an_unstable_clock_begins_more_than_ten_recordings_an_hour(resets: int, told: object, stays: object) -> None:
    known = facts(resets=(counted(0, resets),))
    assert (opened(known) == [("unstable_clock", True)]) is told
    assert bool(decide(known, NOW).troubles) is stays


def test_what_befalls_half_of_the_cameras_is_one_alarm() -> None:
    many = tuple(counted(number, 20) for number in range(60))
    assert opened(facts(restless=many)) == [("flapping", False)]
    assert opened(facts(resets=many)) == [("unstable_clock", False)]
    assert opened(facts(damaged=many)) == [("damaged_footage", False)]
    assert opened(facts(frozen=many)) == [("frozen", False)]
    (told,) = [each for each in decide(facts(unmet=tuple(map(unmet, range(60)))), NOW).troubles if each.opens]
    assert (told.kind, told.camera_id, told.facts) == (
        AlarmKind.WISH_NOT_MET,
        None,
        {"count": 60, "of": 100, "why": "unknown"},
    )


@pytest.mark.parametrize(
    ("change", "is_online", "is_frozen", "cause"),
    [
        ({}, True, False, "unknown"),
        ({}, True, True, "frozen"),
        ({}, False, False, "camera_offline"),
        ({"is_disk_full": True}, True, False, "disk_full"),
        ({"is_disk_full": True}, False, False, "camera_offline"),
        ({"is_config_stale": True}, True, False, "config_not_applied"),
        ({"refuses_since": NOW, "is_disk_full": True}, False, False, "recording_refused"),
    ],
)
def test_a_wish_not_met_has_a_cause(change: dict[str, Any], is_online: object, is_frozen: object, cause: str) -> None:
    server = replace(WELL, **change)
    assert choose_cause(unmet(0, is_online=bool(is_online)), server, is_frozen=bool(is_frozen)) == cause


def test_a_wish_is_told_with_its_camera_and_not_in_the_grace() -> None:
    offline = (unmet(0, is_online=False),)
    assert opened(facts(unmet=offline, missing=(missing(0, 2),))) == []
    assert opened(facts(unmet=offline, missing=(missing(0, 3),))) == [("camera_offline", True), ("wish_not_met", True)]
    assert opened(facts(unmet=offline)) == [("wish_not_met", True)]  # one that was never seen
    assert opened(facts(replace(WELL, grace_until=NOW), unmet=(unmet(0),))) == []
    lost = tuple(missing(number) for number in range(60))
    wishes = tuple(unmet(number, is_online=False) for number in range(60))
    assert opened(facts(missing=lost, unmet=wishes)) == [("mass_loss", False)]


@pytest.mark.parametrize(
    ("server", "kinds"),
    [
        (AWAY, ["server_unreachable"]),
        (replace(AWAY, reach_changed_at=NOW - timedelta(seconds=24)), []),
        (replace(WELL, is_in_doubt=True), ["footage_in_doubt"]),
        (replace(WELL, refuses_since=LONG_AGO), ["only_held_left"]),
        (replace(WELL, delete_after_seconds=6 * 86400, promised_days=7), ["promise_broken"]),
        (replace(WELL, delete_after_seconds=7 * 86400, promised_days=7), []),
        (replace(WELL, delete_after_seconds=0, promised_days=7), []),
    ],
)
def test_a_server_is_told_of_to_each_of_its_cities(server: ServerFacts, kinds: list[str]) -> None:
    assert opened(facts(server)) == [(kind, False) for kind in kinds]
    both = decide(facts(server, shares=(Share(CITY, 1, 1), Share(OTHER, 1, 1))), NOW).troubles
    assert {each.city_id for each in both if each.opens} == ({CITY, OTHER} if kinds else set())


def test_a_server_that_is_back_closes_after_a_minute() -> None:
    assert held(facts(replace(WELL, reach_changed_at=NOW - timedelta(seconds=59)))) == ["server_unreachable"]


def test_a_forecast_and_a_promise_are_each_citys_own() -> None:
    server = replace(WELL, delete_after_seconds=8 * 86400, promised_days=30)
    ours = Share(CITY, 1, 1, yields_days=7.2, promised_days=7)
    theirs = Share(OTHER, 1, 1, yields_days=23.44, promised_days=30)
    troubles = [each for each in decide(facts(server, shares=(ours, theirs)), NOW).troubles if each.opens]
    assert [(each.kind, each.city_id, each.facts) for each in troubles] == [
        (AlarmKind.DISK_FORECAST, OTHER, {"yields": 23.4, "promised": 30}),
        (AlarmKind.PROMISE_BROKEN, OTHER, {"days": 8.0}),
    ]
    assert held(facts(server, shares=(ours,))) == ["disk_forecast"]  # near the promise an open one stays


def test_deletions_are_told_of() -> None:
    known = facts(early=(CityCount(CITY, 1, 5, 2),), undeletable=(CityCount(CITY, 1, 3),))
    assert opened(known) == [("early_deletion", False), ("deletion_fails", False)]


NUMBERS = st.integers(0, 30)


def some(kind: Any) -> Any:
    return st.lists(kind, max_size=30, unique_by=lambda each: each.camera_id).map(tuple)


CITIES = st.sampled_from([CITY, OTHER])


def camera_facts(**more: Any) -> st.SearchStrategy[Facts]:
    """Any facts of cameras, their media server as given."""
    return st.builds(
        facts,
        wanted=st.integers(1, 40),
        missing=some(st.builds(missing, NUMBERS, st.integers(1, 20))),
        unmet=some(st.builds(lambda number, online: unmet(number, is_online=online), NUMBERS, st.booleans())),
        restless=some(st.builds(counted, NUMBERS, st.integers(1, 20))),
        resets=some(st.builds(counted, NUMBERS, st.integers(5, 20))),
        damaged=some(st.builds(counted, NUMBERS, st.integers(1, 20))),
        frozen=some(st.builds(counted, NUMBERS, st.just(0))),
        **more,
    )


SERVERS = st.sampled_from(
    [WELL, AWAY, replace(WELL, snapshot_at=NOW - timedelta(minutes=2)), replace(WELL, reach="unknown")]
)


def apply(open_alarms: Sequence[OpenAlarm], changes: Changes) -> list[OpenAlarm]:
    """Give what is open after the changes."""
    kept = [each for each in open_alarms if each.pk not in changes.closing]
    first = max((each.pk for each in open_alarms), default=0) + 1
    made = [OpenAlarm(first + at, each.key, each.server_id, NOW) for at, each in enumerate(changes.opening)]
    return [*kept, *made]


def run(passes: Sequence[Facts], open_alarms: Sequence[OpenAlarm] = ()) -> list[OpenAlarm]:
    for known in passes:
        open_alarms = apply(open_alarms, compare(open_alarms, decide(known, NOW), NOW))
    return list(open_alarms)


def of_cameras(open_alarms: Sequence[OpenAlarm]) -> list[OpenAlarm]:
    return [each for each in open_alarms if each.key[2] is not None or each.key[0] == "mass_loss"]


@given(before=camera_facts(), passes=st.lists(camera_facts(server=st.just(AWAY)), min_size=1, max_size=4))
def test_a_server_without_an_answer_moves_no_cameras_alarm(before: Facts, passes: list[Facts]) -> None:
    open_alarms = run([before])
    assert of_cameras(run(passes, open_alarms)) == of_cameras(open_alarms)


@given(passes=st.lists(camera_facts(server=SERVERS), min_size=1, max_size=6))
def test_there_is_one_open_alarm_per_subject_and_kind(passes: list[Facts]) -> None:
    keys = [each.key for each in run(passes)]
    assert len(keys) == len(set(keys))


@given(known=camera_facts(server=SERVERS))
def test_a_second_pass_over_the_same_facts_changes_nothing(known: Facts) -> None:
    once = run([known])
    assert compare(once, decide(known, NOW), NOW) == Changes()


@given(passes=st.lists(camera_facts(server=SERVERS), max_size=4), last=camera_facts())
def test_what_may_open_is_open_whatever_was_before(passes: list[Facts], last: Facts) -> None:
    after = {each.key for each in run([*passes, last])}
    opening = {each.key for each in decide(last, NOW).troubles if each.opens}
    holding = {each.key for each in decide(last, NOW).troubles}
    assert opening <= after <= holding


@given(known=camera_facts())
def test_a_camera_that_is_gone_is_told_whatever_else_is_wrong(known: Facts) -> None:
    """The guards against many alarms must not silence everything: a minute after its loss each camera is told of."""
    bad = missing(999, 6)
    troubles = decide(replace(known, missing=(*known.missing, bad)), NOW).troubles
    told = {(str(each.kind), each.camera_id) for each in troubles if each.opens}
    assert ("camera_offline", bad.camera_id) in told or ("mass_loss", None) in told


def test_a_camera_that_is_gone_for_ever_is_told_within_45_seconds() -> None:
    """Looks and passes each ten seconds, a pass just before each look: the worst of their orders."""
    lost_at, told_at = 0.1, None
    for second in range(60):
        looks = sum(1 for at in range(10, second + 1, 10) if at >= lost_at and at < second)
        if second % 10 == 0 and looks and opened(facts(missing=(missing(0, looks),))):
            told_at = second
            break
    assert told_at is not None
    assert told_at - lost_at <= 45


def test_an_open_alarm_is_written_again_once_a_minute() -> None:
    trouble = Trouble(AlarmKind.CAMERA_OFFLINE, CITY, 1, camera(0))
    verdict = Verdict((trouble,), frozenset())
    for seconds, due in ((0, False), (54, False), (55, True), (-1, True)):
        alarm = OpenAlarm(7, trouble.key, 1, NOW - timedelta(seconds=seconds))
        assert compare([alarm], verdict, NOW) == Changes(refreshing=((7, trouble),) if due else ())


def test_a_removed_camera_has_no_alarm_even_if_nothing_is_known() -> None:
    alarm = OpenAlarm(7, ("camera_offline", CITY, camera(0), None), 1, NOW, camera_is_removed=True)
    assert compare([alarm], decide(facts(AWAY), NOW), NOW).closing == (7,)


def test_without_a_hint_frozen_pictures_stay_as_they_are() -> None:
    alarm = OpenAlarm(7, ("frozen", CITY, camera(0), None), 1, NOW)
    assert compare([alarm], decide(replace(facts(), frozen_known=frozenset()), NOW), NOW) == Changes()
    assert compare([alarm], decide(facts(), NOW), NOW).closing == (7,)
