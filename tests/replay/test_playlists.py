"""Playlists over the API: what is in them, what is left out, and how they refuse."""

from base64 import b64decode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError

from cameras.models import Camera
from cities.models import AuditAction, AuditEntry, Membership
from footage.holes import Hole, pack_holes
from footage.packing import pack_fragments
from recording.gaps.spans import Span
from recording.models import RecordingSession, Segment
from recording.segments.disk import list_files
from recording.segments.index import index_files
from replay import services
from replay.throttling import QUESTIONS
from tests.recording.gaps.conftest import wish
from tests.recording.segments.conftest import START, Shelf, make_fragment, make_head
from tests.replay.conftest import END, ask_playlist, read_playlist, shelve, spell
from tests.world import ApiClient, World

pytestmark = pytest.mark.django_db
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _wished(world: World, every: None) -> None:
    wish(world.camera, START - timedelta(hours=1))


def ranges(answer: Any) -> list[tuple[str, float, bool]]:
    return [(each.byterange, each.duration, each.discontinuity) for each in read_playlist(answer).segments]


def test_two_files_one_after_the_other(world: World, client: ApiClient, shelf: Shelf) -> None:
    for number in range(2):
        shelve(shelf, world.camera, START + number * 12 * SECOND, number=number)
    answer = ask_playlist(client, world.camera, START, START + 24 * SECOND)
    assert answer["Content-Type"] == "application/vnd.apple.mpegurl"
    found = read_playlist(answer)
    assert [each.discontinuity for each in found.segments] == [False, False, False, True, False, False]
    assert [each.current_program_date_time for each in found.segments] == [START + n * 4 * SECOND for n in range(6)]
    assert len({each.init_section.uri for each in found.segments}) == 2
    assert (found.playlist_type, found.is_endlist, found.target_duration) == ("vod", True, 4)


def test_a_range_is_cut_to_the_groups_that_touch_it(world: World, client: ApiClient, shelf: Shelf) -> None:
    segment = shelve(shelf, world.camera)
    whole = ranges(ask_playlist(client, world.camera))
    assert len(whole) == 3
    assert sum(int(each[0].split("@")[0]) for each in whole) == segment.size - int(whole[0][0].split("@")[1])
    assert ranges(ask_playlist(client, world.camera, START + 5 * SECOND, START + 6 * SECOND)) == whole[1:2]
    assert ranges(ask_playlist(client, world.camera, START + 4 * SECOND, START + 8 * SECOND)) == whole[1:2]
    assert ranges(ask_playlist(client, world.camera, START - 60 * SECOND, START + SECOND)) == whole[:1]


def test_nothing_outside_of_a_session(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera, fragments=6)
    whole = ranges(ask_playlist(client, world.camera, START, START + 24 * SECOND))
    RecordingSession.objects.update(started_at=START + 3 * SECOND, ended_at=START + 11 * SECOND, status="OFF")
    wish(world.camera, START + 16 * SECOND)
    answer = ask_playlist(client, world.camera, START, START + 24 * SECOND)
    assert [each[0] for each in ranges(answer)] == [whole[1][0], whole[4][0], whole[5][0]]
    assert [each[2] for each in ranges(answer)] == [False, True, False]


def test_damaged_and_vanishing_files_are_left_out(world: World, client: ApiClient, shelf: Shelf) -> None:
    for number in range(3):
        shelve(shelf, world.camera, START + number * 12 * SECOND, number=number)
    shelve(shelf, world.camera, START + 36 * SECOND, fragments=0)
    Segment.objects.filter(start=START).update(state="deleting", deletion_rule="age")
    Segment.objects.filter(start=START + 12 * SECOND).update(fragments=b"\x09")
    assert len(ranges(ask_playlist(client, world.camera, START, START + 60 * SECOND))) == 3


def test_what_grows_goes_on_where_it_was(world: World, client: ApiClient, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    segment = shelve(shelf, world.camera, now - 20 * SECOND, closed=False)
    Segment.objects.update(state="open")
    before = ask_playlist(client, world.camera, now - 60 * SECOND, None)
    found = read_playlist(before)
    assert (found.playlist_type, found.is_endlist, found.target_duration) == ("event", False, 8)
    assert len(found.segments) == 2
    Segment.objects.filter(pk=segment.pk).update(state="ready")
    after = ranges(ask_playlist(client, world.camera, now - 60 * SECOND, None))
    assert after[:2] == ranges(before)
    assert len(after) == 3


def test_what_grows_goes_on_when_the_start_of_its_first_file_is_corrected(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    first, asked, earlier = now - 60 * SECOND, now - 90 * SECOND, 2.5 * SECOND
    segment = shelve(shelf, world.camera, first)
    before = read_playlist(ask_playlist(client, world.camera, asked, None))
    Segment.objects.filter(pk=segment.pk).update(start=first - earlier, end=segment.end - earlier)
    corrected = read_playlist(ask_playlist(client, world.camera, asked, None))
    assert [each.byterange for each in corrected.segments] == [each.byterange for each in before.segments]
    assert corrected.segments[0].current_program_date_time == first - earlier
    shelve(shelf, world.camera, first + 12 * SECOND, number=1)
    after = read_playlist(ask_playlist(client, world.camera, asked, None))
    assert [(each.media_sequence, len(each.segments)) for each in (before, corrected, after)] == [
        (0, 3),
        (0, 3),
        (0, 6),
    ]


def test_the_target_of_what_grows_stays_though_a_longer_piece_comes(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    first, later = now - 60 * SECOND, now - 40 * SECOND
    shelve(shelf, world.camera, first)
    asked = now - 90 * SECOND
    before = read_playlist(ask_playlist(client, world.camera, asked, None))
    parts = [make_fragment(0), make_fragment(1, seconds=9, at=4), make_fragment(2, at=13)]
    shelf.put(world.camera, make_head(later, 1, 17_000) + b"".join(parts), at=later)
    look_again(shelf, world.camera)
    after, fresh = (
        read_playlist(ask_playlist(client, world.camera, asked, None, **more)) for more in ({}, {"playback": "another"})
    )
    assert [each.target_duration for each in (before, after, fresh)] == [8, 8, 9]
    assert [each.duration for each in after.segments] == [4, 4, 4, 4, 8, 4]
    assert [each.duration for each in fresh.segments] == [4, 4, 4, 4, 9, 4]
    moments = [later + seconds * SECOND for seconds in (0, 4, 13)]
    assert [each.current_program_date_time for each in after.segments[3:]] == moments
    assert [each.current_program_date_time for each in fresh.segments[3:]] == moments


def test_nothing_follows_an_open_file_while_a_playlist_grows(world: World, client: ApiClient, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    torn = shelve(shelf, world.camera, now - 30 * SECOND, closed=False)
    shelve(shelf, world.camera, now - 12 * SECOND, number=1)
    Segment.objects.filter(pk=torn.pk).update(state="open")
    before = ranges(ask_playlist(client, world.camera, now - 60 * SECOND, None))
    assert [each[1] for each in before] == [4, 4]
    assert len(ranges(ask_playlist(client, world.camera, now - 60 * SECOND, now))) == 5
    Segment.objects.filter(pk=torn.pk).update(state="ready")
    after = ranges(ask_playlist(client, world.camera, now - 60 * SECOND, None))
    assert (after[:2], len(after)) == (before, 6)


def test_numbers_go_on_where_the_ring_took_the_beginning(world: World, client: ApiClient, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    asked, starts = now - 60 * SECOND, [now - back * SECOND for back in (48, 36, 24, 12)]
    for number, start in enumerate(starts[:3]):
        shelve(shelf, world.camera, start, number=number)
    whole = read_playlist(ask_playlist(client, world.camera, asked, None))
    assert (whole.media_sequence, whole.playlist_type, len(whole.segments)) == (0, "event", 9)

    Segment.objects.filter(start__lt=starts[1] - SECOND).update(state="deleting", deletion_rule="age")
    shelve(shelf, world.camera, starts[3], number=3)
    left = read_playlist(ask_playlist(client, world.camera, asked, None))
    assert (left.media_sequence, left.discontinuity_sequence, left.playlist_type) == (3, 1, None)
    moments = [each.current_program_date_time for each in left.segments]
    assert moments[:6] == [each.current_program_date_time for each in whole.segments[3:]]
    assert (len(moments), left.is_endlist) == (9, False)

    for other in (
        ask_playlist(client, world.camera, asked + SECOND, None),
        ask_playlist(client, world.camera, asked, None, playback="another"),
        ask_playlist(ApiClient(world.operator, world.city), world.camera, asked, None),
    ):
        assert (read_playlist(other).media_sequence, read_playlist(other).playlist_type) == (0, "event")


def test_what_turns_up_late_is_told_to_who_begins_to_play(world: World, client: ApiClient, shelf: Shelf) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    shelve(shelf, world.camera, now - 24 * SECOND, number=1)
    asked = now - 60 * SECOND
    before = ask_playlist(client, world.camera, asked, None, playback="one")
    shelve(shelf, world.camera, now - 36 * SECOND, number=0)
    assert ranges(ask_playlist(client, world.camera, asked, None, playback="one")) == ranges(before)
    assert len(ranges(ask_playlist(client, world.camera, asked, None, playback="two"))) == 6


def look_again(shelf: Shelf, camera: Camera) -> None:
    index_files(shelf.server, list_files(shelf.root, camera.pk).files, datetime.now(UTC))


def heads(answer: Any) -> list[str]:
    """Give the first letters of where each piece's head is found."""
    return [each.init_section.uri[:5] for each in read_playlist(answer).segments]


@pytest.mark.parametrize(("at", "first"), [(-60, 0), (0, 0), (11.9, 0), (12, 1), (30, 1), (39.9, 1)])
def test_the_head_of_what_is_shown_first_stands_in_the_playlist(
    world: World, client: ApiClient, shelf: Shelf, at: float, first: int
) -> None:
    for number, start in enumerate((START, START + 28 * SECOND)):
        shelve(shelf, world.camera, start, number=number)
    asked = START, START + 40 * SECOND
    answer = ask_playlist(client, world.camera, *asked, at=spell(START + at * SECOND))
    expected = [["data:"] * 3, ["/foot"] * 3] if first == 0 else [["/foot"] * 3, ["data:"] * 3]
    assert heads(answer) == [*expected[0], *expected[1]]
    inside = read_playlist(answer).segments[3 * first].init_section.uri
    address = read_playlist(ask_playlist(client, world.camera, *asked)).segments[3 * first].init_section.uri
    assert b64decode(inside.removeprefix("data:video/mp4;base64,")) == client.get(address).content


def test_of_a_file_in_two_runs_the_one_that_is_shown_first_has_the_head(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    shelve(shelf, world.camera, fragments=6)
    RecordingSession.objects.update(ended_at=START + 9 * SECOND, status="OFF")
    wish(world.camera, START + 15 * SECOND)
    answer = ask_playlist(client, world.camera, START, START + 24 * SECOND, at=spell(START + 20 * SECOND))
    assert heads(answer) == ["/foot", "/foot", "data:", "data:"]


def test_no_head_stands_inside_where_nothing_is_left_to_show(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    assert heads(ask_playlist(client, world.camera, at=spell(END + SECOND))) == ["/foot"] * 3


def test_a_playlist_that_grows_keeps_the_head_of_what_was_shown_first(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    now = datetime.now(UTC)
    RecordingSession.objects.update(started_at=now - timedelta(hours=1))
    shelve(shelf, world.camera, now - 30 * SECOND)

    def ask() -> list[str]:
        at = spell(now - 29 * SECOND)
        return heads(ask_playlist(client, world.camera, now - 60 * SECOND, None, at=at, playback="one"))

    before = ask()
    shelve(shelf, world.camera, now - 18 * SECOND, number=1)
    after = ask()
    assert (before, after) == (["data:"] * 3, ["data:"] * 3 + ["/foot"] * 3)


def test_a_head_that_cannot_be_had_is_asked_for_by_its_address(world: World, client: ApiClient, shelf: Shelf) -> None:
    segment = shelve(shelf, world.camera)
    assert heads(ask_playlist(client, world.camera, at=spell(START))) == ["data:"] * 3
    (shelf.root / segment.file).unlink()
    assert heads(ask_playlist(client, world.camera, at=spell(START + SECOND))) == ["/foot"] * 3


def test_footage_made_anew_has_no_heads_to_put_inside(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    asked = ask_playlist(client, world.camera, START, END, at=spell(START), **{"as": "h264"})
    assert b"EXT-X-MAP" not in asked.content


@pytest.mark.parametrize(("asked", "following"), [(START - 60 * SECOND, START), (END + 60 * SECOND, None)])
def test_without_footage_it_says_where_it_goes_on(
    world: World, client: ApiClient, shelf: Shelf, asked: datetime, following: datetime | None
) -> None:
    shelve(shelf, world.camera)
    answer = ask_playlist(client, world.camera, asked, asked + SECOND)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    problem = answer.json()
    assert problem["next"] == (spell(following) if following else None)
    assert problem["detail"] == "There is no footage of this camera in this time."


def test_a_hole_inside_a_file_breaks_its_playlist(world: World, client: ApiClient, shelf: Shelf) -> None:
    """Ten minutes of silence, which MediaMTX writes as a sample that lasts so long: no piece lasts so long."""
    parts = [make_fragment(0), make_fragment(1, seconds=604, at=4), make_fragment(2, at=608), make_fragment(3, at=612)]
    shelf.put(world.camera, make_head(START, 0, 616_000) + b"".join(parts))
    index_files(shelf.server, list_files(shelf.root, world.camera.pk).files, datetime.now(UTC))
    found = read_playlist(ask_playlist(client, world.camera, START, START + 616 * SECOND))
    assert [(each.duration, each.discontinuity) for each in found.segments] == [
        (4, False),
        (4, False),
        (4, True),
        (4, False),
    ]
    assert found.segments[2].program_date_time == START + 608 * SECOND
    inside = ask_playlist(client, world.camera, START + 100 * SECOND, START + 110 * SECOND)
    assert (inside.status_code, inside.json()["next"]) == (404, spell(START + 608 * SECOND))


def test_where_the_session_ends_in_a_hole_footage_goes_on_after_it(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    shelve(shelf, world.camera)
    RecordingSession.objects.update(ended_at=START + 8 * SECOND, status="OFF")
    Segment.objects.update(holes=pack_holes([Hole(2 * SECOND, 10 * SECOND)]), fragments=pack_fragments(()))
    asked = START + 3 * SECOND
    assert ask_playlist(client, world.camera, asked, asked + SECOND).json()["next"] is None
    wish(world.camera, START + 9 * SECOND)
    assert ask_playlist(client, world.camera, asked, asked + SECOND).json()["next"] == spell(START + 10 * SECOND)


def test_the_next_footage_is_within_a_session(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    RecordingSession.objects.update(started_at=START + 5 * SECOND)
    answer = ask_playlist(client, world.camera, START - 60 * SECOND, START + SECOND)
    assert answer.json()["next"] == spell(START + 5 * SECOND)


BAD = [
    ({"to": spell(END)}, "from"),
    ({"from": "2026-01-27T03:00:00", "to": spell(END)}, "from"),
    ({"from": "soon", "to": spell(END)}, "from"),
    ({"from": spell(END), "to": spell(START)}, "to"),
    ({"from": spell(START), "to": spell(START)}, "to"),
    ({"from": spell(START), "playback": "two words"}, "playback"),
    ({"from": spell(START), "playback": "x" * 65}, "playback"),
    ({"from": "1926-01-27T03:00:00Z", "to": spell(END)}, "from"),
    ({"from": "2025-01-27T03:00:00Z", "to": spell(END)}, "from"),
    ({"from": spell(END - timedelta(hours=25, seconds=1)), "to": spell(END)}, "from"),
    ({"from": "2199-01-27T03:00:00Z"}, "from"),
    ({"from": spell(START), "to": spell(END), "as": "gif"}, "as"),
    ({"from": spell(START), "to": spell(END), "at": "noon"}, "at"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_what_is_wrong_is_named(world: World, client: ApiClient, asked: dict[str, str], field: str) -> None:
    answer = client.get(f"/api/v1/cameras/{world.camera.pk}/replay.m3u8", asked)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (400, [field])


def test_a_stranger_finds_nothing(world: World, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    assert ask_playlist(ApiClient(world.stranger, world.other_city), world.camera).status_code == 404


def test_a_player_s_own_word_for_a_playlist_is_no_hindrance(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    asked = {"from": spell(START), "to": spell(END)}
    address = f"/api/v1/cameras/{world.camera.pk}/replay.m3u8"
    assert client.get(address, asked, headers={"Accept": "application/vnd.apple.mpegurl"}).status_code == 200


def test_two_queries_whatever_the_files(
    world: World, client: ApiClient, shelf: Shelf, django_assert_num_queries: Any
) -> None:
    for number in range(3):
        shelve(shelf, world.camera, START + number * 12 * SECOND, number=number)
        ask_playlist(client, world.camera, START, START + 36 * SECOND)
        with django_assert_num_queries(2):  # who calls, what there is to play
            ask_playlist(client, world.camera, START, START + 36 * SECOND)


def test_who_watched_is_noted_once(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    for start in (START, START, START + SECOND, START - timedelta(hours=1)):
        ask_playlist(client, world.camera, start)
    ask_playlist(client, world.camera, END + SECOND, END + 2 * SECOND)
    entries = AuditEntry.objects.filter(action=AuditAction.FOOTAGE_VIEWED).order_by("number")
    assert [(entry.actor, entry.subject, entry.facts) for entry in entries] == [
        ("viewer", "Market square", {"from": spell(START), "to": spell(END)}),
        ("viewer", "Market square", {"from": spell(START - timedelta(hours=1)), "to": spell(END)}),
    ]


def test_who_saw_a_second_and_then_the_day_is_noted_with_the_day(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    day = START + timedelta(hours=24)
    for start, end in ((START, START + SECOND), (START, day), (START + 2 * SECOND, day - SECOND)):
        ask_playlist(client, world.camera, start, end)
    entries = AuditEntry.objects.filter(action=AuditAction.FOOTAGE_VIEWED).order_by("number")
    assert [entry.facts for entry in entries] == [
        {"from": spell(START), "to": spell(START + SECOND)},
        {"from": spell(START), "to": spell(day)},
    ]


def test_the_hours_of_a_window_are_those_that_it_touches() -> None:
    at = datetime(2026, 1, 27, 10, 59, 59, tzinfo=UTC)
    hours = [datetime(2026, 1, 27, hour, tzinfo=UTC).timestamp() / 3600 for hour in (10, 11, 12)]
    assert list(services.number_hours(Span(at, at + SECOND))) == hours[:1]
    assert list(services.number_hours(Span(at, at + timedelta(hours=1, seconds=2)))) == hours


def test_what_could_not_be_noted_is_noted_the_next_time(
    world: World, client: ApiClient, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelve(shelf, world.camera)

    def fail(*_: Any) -> None:
        raise OperationalError("could not extend file")

    with monkeypatch.context() as patch:
        patch.setattr(services, "note_deed", fail)
        assert ask_playlist(client, world.camera).status_code == 503
    assert [ask_playlist(client, world.camera).status_code for _ in range(2)] == [200, 200]
    assert AuditEntry.objects.filter(action=AuditAction.FOOTAGE_VIEWED).count() == 1


def test_a_flood_is_held_and_others_are_unharmed(
    world: World, client: ApiClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QUESTIONS, "burst", 3)
    monkeypatch.setattr(QUESTIONS, "rate", 0.001)
    asked = {"from": spell(START), "to": spell(END)}
    timelines = [client.get(f"/api/v1/cameras/{world.camera.pk}/timeline", asked).status_code for _ in range(3)]
    flooded = ask_playlist(client, world.camera)
    assert (timelines, flooded.status_code) == ([200, 200, 200], 429)
    assert (flooded["Content-Type"], int(flooded["Retry-After"]) > 900) == ("application/problem+json", True)
    assert ask_playlist(ApiClient(world.operator, world.city), world.camera).status_code == 404


def test_who_asks_again_is_given_the_same_until_there_is_more(world: World, client: ApiClient, shelf: Shelf) -> None:
    shelve(shelf, world.camera)
    first = ask_playlist(client, world.camera).content
    other = ask_playlist(ApiClient(world.operator, world.city), world.camera).content
    assert ask_playlist(client, world.camera).content == first != other
    shelve(shelf, world.camera, END, number=1)
    assert len(ranges(ask_playlist(client, world.camera, START, END + 12 * SECOND))) == 6
    Segment.objects.filter(start=START).update(state="deleting", deletion_rule="age")
    assert ask_playlist(client, world.camera).status_code == 404
    Segment.objects.filter(start=START).update(state="ready", fragments=pack_fragments(()), whole_bytes=1)
    assert ask_playlist(client, world.camera).status_code == 404


def test_what_was_given_is_not_given_again_once_it_may_not_be_seen(
    world: World, client: ApiClient, shelf: Shelf
) -> None:
    shelve(shelf, world.camera)
    other = Camera.objects.create(city=world.city, media_server=world.server, name="Bridge")
    members, cameras = Membership.objects.filter(user=world.viewer), Camera.objects.filter(pk=world.camera.pk)
    found = [ask_playlist(client, world.camera).status_code]
    for changed in (
        lambda: members.update(narrowed_to=[other.pk]),
        lambda: members.update(narrowed_to=[world.camera.pk]),
        lambda: cameras.update(removed_at=START),
        lambda: cameras.update(removed_at=None),
        members.delete,
    ):
        changed()
        found.append(ask_playlist(client, world.camera).status_code)
    assert found == [200, 404, 200, 404, 200, 403]
