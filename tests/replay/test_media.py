"""Bytes of footage: which of them a token gives, to whom, and for how long."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client, RequestFactory

from cameras.models import Camera
from cities.models import Membership, User
from cities.scope import every_city
from recording.models import RecordingSession, Segment
from replay import tokens
from replay.media import Part, choose_part, is_exact
from replay.throttling import ANSWERS, Places
from replay.tokens import FootageGrant, make_token, read_token
from replay.views import give_media
from tests.recording.gaps.conftest import wish
from tests.recording.segments.conftest import START, Shelf
from tests.replay.conftest import address_of, ask_playlist, shelve
from tests.world import NOW, ApiClient, World

SECOND = timedelta(seconds=1)
GRANT = FootageGrant(
    city_id=UUID(int=7),
    segment_id=3,
    user_id=5,
    expires_at=NOW + tokens.LASTS,
    first=700,
    last=9000,
    init_bytes=690,
)


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=200-299", Part(200, 300)),
        ("bytes=100-", Part(100, 800)),
        ("bytes=700-5000", Part(700, 800)),
        ("bytes=799-799", Part(799, 800)),
        ("bytes = 200 - 299", Part(200, 300)),
        ("bytes=99-200", None),
        ("bytes=0-", None),
        ("bytes=800-900", None),
        ("bytes=300-200", None),
        ("bytes=-300", Part(700, 800)),
        ("bytes=-100", None),
        ("bytes=-", None),
        ("bytes=100-200,300-400", None),
        ("items=100-200", None),
        ("bytes=１００-200", None),
        ("", None),
    ],
)
def test_a_range_lies_within_what_is_allowed(asked: str, part: Part | None) -> None:
    """The file has 1,000 bytes, of which those from 100 up to 800 are allowed."""
    assert choose_part(asked, first=100, last=800, size=1000) == part


def test_a_whole_file_is_given_only_where_all_of_it_is_allowed() -> None:
    assert choose_part("", first=0, last=1000, size=1000) == Part(0, 1000, is_whole=True)
    assert choose_part("", first=0, last=999, size=1000) is None
    assert choose_part("", first=1, last=1000, size=1000) is None


def test_only_what_can_be_read_in_one_way_is_left_to_nginx() -> None:
    assert is_exact("bytes=100-199", Part(100, 200))
    assert [is_exact(each, Part(100, 200)) for each in ("bytes=100-", "bytes=100-300", "bytes= 100-199")] == [False] * 3


def test_a_token_tells_what_was_put_in_until_its_time_is_over() -> None:
    token = make_token(GRANT)
    assert read_token(token, NOW) == GRANT
    assert len(token) < 100
    assert read_token(token, NOW + tokens.LASTS) is None


@pytest.mark.parametrize("spoil", [lambda t: t[:-1], lambda t: t + "A", lambda t: "B" + t[1:], lambda t: "é" + t[1:]])
def test_a_token_of_anybody_else_is_none(spoil: Any) -> None:
    assert read_token(spoil(make_token(GRANT)), NOW) is None


@pytest.mark.parametrize("token", ["", "x", "=" * 80, "%00", "A" * 5000])
def test_junk_is_no_token(token: str) -> None:
    assert read_token(token, NOW) is None


def test_places_are_taken_and_given_back() -> None:
    places = Places(most=2)
    assert [places.take(1), places.take(1), places.take(1), places.take(2)] == [True, True, False, True]
    places.give_back(1)
    assert places.take(1)


@pytest.fixture
def segment(world: World, shelf: Shelf, every: None) -> Segment:
    wish(world.camera, START - timedelta(hours=1))
    return shelve(shelf, world.camera)


def content_of(shelf: Shelf, segment: Segment) -> bytes:
    return (shelf.root / segment.file).read_bytes()


pytestmark = pytest.mark.django_db


@pytest.fixture
def address(world: World, client: ApiClient, segment: Segment) -> str:
    return address_of(ask_playlist(client, segment.camera))


def get(address: str, asked: str = "", **headers: str) -> Any:
    """Ask as a player does: no session, no header of ours."""
    return Client().get(address, headers={**({"Range": asked} if asked else {}), **headers})


def test_bytes_as_they_lie_on_disk(address: str, shelf: Shelf, segment: Segment) -> None:
    content = content_of(shelf, segment)
    answer = get(address, "bytes=800-899")
    assert (answer.status_code, answer.getvalue()) == (206, content[800:900])
    assert {name: answer[name] for name in ("Content-Range", "Content-Length", "Content-Type", "Accept-Ranges")} == {
        "Content-Range": f"bytes 800-899/{len(content)}",
        "Content-Length": "100",
        "Content-Type": "video/mp4",
        "Accept-Ranges": "bytes",
    }
    assert answer["Cache-Control"] == "private, max-age=600"
    assert get(address, "bytes=800-").getvalue() == content[800:]
    assert get(address, "bytes=-50").getvalue() == content[-50:]
    init = get(address.replace("a.mp4", "init.mp4"))
    assert init.getvalue() == content[: len(init.getvalue())]
    assert content[len(init.getvalue()) + 4 :].startswith(b"moof")
    assert get(address.replace("a.mp4", "b.mp4"), "bytes=800-899").getvalue() == content[800:900]


def test_a_file_that_grows_is_kept_by_no_browser(address: str, shelf: Shelf, segment: Segment) -> None:
    with every_city("a test opens a file again"):
        Segment.objects.filter(pk=segment.pk).update(state="open")
    assert get(address, "bytes=800-899")["Cache-Control"] == "no-store"
    assert get(address.replace("a.mp4", "init.mp4"))["Cache-Control"] == "no-store"


def test_a_request_without_a_range_or_outside_is_refused(address: str, shelf: Shelf, segment: Segment) -> None:
    size = len(content_of(shelf, segment))
    for asked in ("", "bytes=0-10", f"bytes={size}-", "bytes=800-810,820-830"):
        answer = get(address, asked)
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{size}")
        assert answer["Content-Type"] == "application/problem+json"


def test_head_and_conditions(address: str, shelf: Shelf, segment: Segment) -> None:
    size = len(content_of(shelf, segment))
    head = Client().head(address)
    assert (head.status_code, head["Content-Length"], head["Accept-Ranges"]) == (200, str(size), "bytes")
    same = get(address, "bytes=800-899", **{"If-Range": head["ETag"]})
    assert (same.status_code, same["ETag"]) == (206, head["ETag"])
    assert get(address, "bytes=800-899", **{"If-Range": '"another"'}).status_code == 416
    assert Client().post(address).status_code == 405


def test_nothing_outside_of_the_session(world: World, client: ApiClient, shelf: Shelf, segment: Segment) -> None:
    whole = content_of(shelf, segment)
    RecordingSession.objects.update(started_at=START + 3 * SECOND, ended_at=START + 9 * SECOND, status="OFF")
    answer = ask_playlist(client, world.camera)
    (line,) = [line for line in answer.content.decode().splitlines() if line.startswith("#EXT-X-BYTERANGE:")]
    size, offset = map(int, line.removeprefix("#EXT-X-BYTERANGE:").split("@"))
    address = address_of(answer)
    assert get(address, f"bytes={offset}-{offset + size - 1}").getvalue() == whole[offset : offset + size]
    assert get(address, f"bytes={offset}-").getvalue() == whole[offset : offset + size]
    assert get(address, f"bytes={offset - 1}-{offset + 5}").status_code == 416
    assert get(address, f"bytes={offset + size}-").status_code == 416
    assert get(address).status_code == 416


def test_the_right_is_asked_each_time(world: World, address: str) -> None:
    assert get(address, "bytes=800-899").status_code == 206
    Membership.objects.filter(user=world.viewer).delete()
    assert get(address, "bytes=800-899").status_code == 404
    Membership.objects.create(user=world.viewer, city=world.city)
    assert get(address, "bytes=800-899").status_code == 206
    User.objects.filter(pk=world.viewer.pk).update(is_active=False)
    assert get(address, "bytes=800-899").status_code == 404


def test_a_camera_that_was_removed_shows_nothing(world: World, address: str) -> None:
    Camera.objects.filter(pk=world.camera.pk).update(removed_at=NOW)
    assert get(address, "bytes=800-899").status_code == 404


@pytest.mark.parametrize("state", ["deleting", "damaged"])
def test_a_segment_that_goes_is_gone(address: str, segment: Segment, state: str) -> None:
    Segment.objects.filter(pk=segment.pk).update(state=state, deletion_rule="age", damage="torn")
    assert get(address, "bytes=800-899").status_code == 404


def test_a_token_that_names_another_city_s_segment_gives_nothing(world: World, shelf: Shelf, segment: Segment) -> None:
    theirs = shelve(shelf, world.foreign_camera)
    now = datetime.now(UTC)
    for city in (world.city, world.other_city):
        grant = FootageGrant(city.pk, theirs.pk, world.viewer.pk, now + 60 * SECOND, 0, theirs.size, 600)
        assert get(f"/footage/{make_token(grant)}/a.mp4", "bytes=0-9").status_code == 404
    grant = FootageGrant(world.other_city.pk, theirs.pk, world.stranger.pk, now + 60 * SECOND, 0, theirs.size, 600)
    assert get(f"/footage/{make_token(grant)}/a.mp4", "bytes=0-9").status_code == 206
    assert get(f"/footage/{make_token(grant)}/a.mp4").status_code == 200


def test_no_token_of_ours_and_one_whose_time_is_over(world: World, segment: Segment) -> None:
    grant = FootageGrant(world.city.pk, segment.pk, world.viewer.pk, NOW, 0, segment.size, 600)
    for token in ("junk", make_token(grant)):
        answer = get(f"/footage/{token}/a.mp4", "bytes=0-9")
        assert (answer.status_code, answer["Content-Type"]) == (403, "application/problem+json")


def test_a_file_that_is_gone_and_one_that_a_hold_keeps(address: str, shelf: Shelf, segment: Segment) -> None:
    content = content_of(shelf, segment)
    held = shelf.root / ".held" / "ab" / f"{segment.pk}.mp4"
    held.parent.mkdir(parents=True)
    os.link(shelf.root / segment.file, held)
    (shelf.root / segment.file).unlink()
    assert get(address, "bytes=800-899").status_code == 404
    Segment.objects.filter(pk=segment.pk).update(held_file=str(held.relative_to(shelf.root)))
    assert get(address, "bytes=800-899").getvalue() == content[800:900]


def test_a_link_in_a_segment_s_place_is_not_followed(address: str, shelf: Shelf, segment: Segment) -> None:
    path = shelf.root / segment.file
    path.rename(path.with_suffix(".was"))
    path.symlink_to(path.with_suffix(".was"))
    assert get(address, "bytes=800-899").status_code == 404


def test_one_query_for_a_part(address: str, django_assert_num_queries: Any) -> None:
    get(address, "bytes=800-899").getvalue()
    with django_assert_num_queries(1):
        get(address, "bytes=800-899").getvalue()


def test_nginx_sends_what_django_allows(address: str, shelf: Shelf, segment: Segment, settings: Any) -> None:
    settings.VMS_ACCEL, settings.VMS_RECORDINGS = True, shelf.root
    answer = get(address, "bytes=800-899")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["X-Accel-Redirect"] == f"/recordings/{segment.file}"
    assert "Content-Range" not in answer
    for asked, headers in (("bytes=800-", {}), ("bytes=800-899", {"If-Range": Client().head(address)["ETag"]})):
        own = get(address, asked, **headers)
        assert (own.status_code, own.has_header("X-Accel-Redirect")) == (206, False)
    assert get(address, "bytes=0-").status_code == 416


def test_what_lies_in_a_folder_that_nginx_does_not_have_is_sent_by_ourselves(
    address: str, shelf: Shelf, segment: Segment, settings: Any, tmp_path: Path
) -> None:
    settings.VMS_ACCEL, settings.VMS_RECORDINGS = True, tmp_path / "another"
    answer = get(address, "bytes=800-899")
    assert (answer.status_code, answer.getvalue()) == (206, content_of(shelf, segment)[800:900])


def test_parts_on_their_way_are_counted_and_given_back(
    world: World, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ANSWERS, "most", 2)
    request = RequestFactory().get(address, headers={"Range": "bytes=800-899"})
    lines: list[Any] = [give_media(request, address.split("/")[2]) for _ in range(3)]
    assert [line.status_code for line in lines] == [206, 206, 429]
    assert lines[2]["Retry-After"] == "1"
    for line in lines[:2]:
        line.file_to_stream.close()
        line.file_to_stream.close()
    assert give_media(request, address.split("/")[2]).status_code == 206
    ANSWERS.give_back(world.viewer.pk)
    assert ANSWERS.take(world.viewer.pk)
    ANSWERS.give_back(world.viewer.pk)


def test_the_head_is_found_where_the_root_is_not(address: str, world: World, tmp_path: Path) -> None:
    world.server.recordings_root = str(tmp_path / "nowhere")
    world.server.save()
    assert get(address.replace("a.mp4", "init.mp4")).status_code == 404
