"""Holds in the administration: made and released by their services, told in the city's time, never edited."""

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from cities.models import City, Membership, Role
from cities.scope import every_city
from recording.holds.keeping import keep_links
from recording.models import Hold, Segment
from tests.cities.test_admin import staff
from tests.recording.holds.conftest import fill
from tests.recording.segments.conftest import START, Shelf
from tests.world import World

pytestmark = pytest.mark.django_db
LIST = "/admin/recording/hold/"


@pytest.fixture(autouse=True)
def _footage(world: World, shelf: Shelf) -> None:
    """A minute of each city's camera, from 00:00:00 on in São Paulo."""
    for camera in (world.camera, world.foreign_camera):
        fill(shelf, camera, 5)


def form_of(world: World, **changes: Any) -> dict[str, Any]:
    wish = {"camera": world.camera.pk, "starts_at": "2026-01-27T00:00:06", "ends_at": "2026-01-27T00:00:30"}
    return wish | {"reason": "Robbery", "case_number": "12/2026", "until": ""} | changes


def all_holds() -> list[Hold]:
    with every_city("a test looks at everything"):
        return list(Hold.objects.select_related("camera").order_by("created_at"))


def page(client: Client, address: str = LIST) -> str:
    """The words of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", client.get(address).content.decode()).split())


def test_an_operator_holds_footage_in_the_city_s_own_time(world: World, shelf: Shelf) -> None:
    client = staff(world.operator)
    assert client.get(f"{LIST}add/").status_code == 200
    assert client.post(f"{LIST}add/", form_of(world))["Location"] == LIST
    (made,) = all_holds()
    assert (made.starts_at - START).total_seconds() == pytest.approx(6, abs=0.2)
    assert (made.created_by_id, made.city_id, made.case_number) == (world.operator.pk, world.city.pk, "12/2026")
    assert "being secured" in page(client)
    with every_city("a test stands in for the worker"):
        keep_links(shelf.server, timezone.now())
    shown = page(client)
    assert ("27 Jan 2026 00:00:06 – 00:00:30 -03" in shown, "27 Jan 2026 00:00:00 – 00:00:36 -03" in shown) == (
        True,
        True,
    )
    detail = page(client, f"{LIST}{made.pk}/change/")
    assert "Asked 27 Jan 2026 00:00:06 – 00:00:30 -03. Kept 27 Jan 2026 00:00:00 – 00:00:36 -03." in detail
    assert "until it is released" in detail


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"ends_at": "2026-01-26T00:00:00"}, ("ends_at", "swapped")),
        ({"starts_at": "2026-01-27T03:00:00", "ends_at": "2026-01-27T03:10:00"}, ("starts_at", "00:00:48 – 00:01:00")),
        ({"starts_at": "soon"}, ("starts_at", "valid date")),
        ({"starts_at": ""}, ("starts_at", "required")),
        ({"until": "2020-01-01T00:00"}, ("until", "past")),
        ({"reason": " "}, ("reason", "required")),
        ({"camera": "x"}, ("camera", "")),
        ({"camera": ""}, ("camera", "required")),
    ],
)
def test_what_is_wrong_stands_at_its_field(world: World, changes: dict[str, Any], fault: tuple[str, str]) -> None:
    answer = staff(world.operator).post(f"{LIST}add/", form_of(world, **changes))
    errors = answer.context["adminform"].form.errors
    assert (list(errors), fault[1] in str(errors[fault[0]])) == ([fault[0]], True), errors
    assert all_holds() == []


def test_an_hour_that_does_not_exist_in_the_city_is_refused(world: World) -> None:
    City.objects.filter(pk=world.city.pk).update(time_zone="Europe/Berlin")
    answer = staff(world.operator).post(f"{LIST}add/", form_of(world, starts_at="2026-03-29T02:30:00"))
    assert list(answer.context["adminform"].form.errors) == ["starts_at"]


def test_nobody_holds_another_city_s_footage(world: World) -> None:
    client = staff(world.operator)
    answer = client.post(f"{LIST}add/", form_of(world, camera=world.foreign_camera.pk))
    assert list(answer.context["adminform"].form.errors) == ["camera"]
    assert ("Secret harbour" in answer.content.decode(), all_holds()) == (False, [])
    assert staff(world.viewer).post(f"{LIST}add/", form_of(world)).status_code == 403


def release(client: Client, *holds: Hold) -> Any:
    chosen = {"action": "release", "_selected_action": [str(hold.pk) for hold in holds]}
    return client.post(LIST, chosen, follow=True)


def test_a_manager_releases_and_the_row_stays_as_history(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{LIST}add/", form_of(world))
    release(staff(world.operator), *all_holds())
    assert all_holds()[0].released_at is None
    assert "1 hold is released." in release(client, *all_holds()).content.decode()
    (made,) = all_holds()
    assert (made.released_at is not None, made.released_by_id) == (True, world.owner.pk)
    assert "Nothing is held any more." in page(client, f"{LIST}{made.pk}/change/")
    assert "Released." in page(client, f"{LIST}{made.pk}/history/")
    assert "Robbery" in page(client, f"{LIST}?live=0")
    assert "Robbery" not in page(client, f"{LIST}?live=1")


def test_where_one_does_not_manage_a_hold_is_left_and_said_so(world: World) -> None:
    staff(world.owner).post(f"{LIST}add/", form_of(world))
    staff(world.stranger).post(f"{LIST}add/", form_of(world, camera=world.foreign_camera.pk))
    with every_city("a test's world spans the cities"):
        Membership.objects.create(user=world.owner, city=world.other_city, role=Role.OPERATOR)
    assert len(all_holds()) == 2
    answer = release(staff(world.owner), *all_holds()).content.decode()
    assert "1 hold was left as it is" in answer
    assert [hold.released_at is None for hold in all_holds()] == [False, True]


def test_a_hold_is_neither_edited_nor_deleted(world: World) -> None:
    client = staff(world.owner)
    client.post(f"{LIST}add/", form_of(world))
    (made,) = all_holds()
    assert client.post(f"{LIST}{made.pk}/change/", form_of(world, reason="Other")).status_code == 403
    assert client.post(f"{LIST}{made.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "delete_selected" not in client.get(LIST).content.decode()
    assert [hold.reason for hold in all_holds()] == ["Robbery"]


def test_a_stranger_sees_nothing_of_it(world: World) -> None:
    staff(world.owner).post(f"{LIST}add/", form_of(world))
    (made,) = all_holds()
    stranger = staff(world.stranger)
    for address in (LIST, f"{LIST}{made.pk}/change/", f"{LIST}add/", f"{LIST}?city={world.city.pk}"):
        shown = stranger.get(address, follow=True).content.decode()
        assert [word for word in ("Market square", "Robbery", "12/2026") if word in shown] == []
    release(stranger, made)
    assert all_holds()[0].released_at is None


def test_a_viewer_looks(world: World) -> None:
    staff(world.owner).post(f"{LIST}add/", form_of(world))
    client = staff(world.viewer)
    assert "Robbery" in page(client)
    assert client.get(f"{LIST}{all_holds()[0].pk}/change/").status_code == 200
    release(client, *all_holds())
    assert all_holds()[0].released_at is None


def test_the_holds_of_a_page_are_stated_together(world: World, django_assert_max_num_queries: Any) -> None:
    client = staff(world.owner)
    for _ in range(5):
        client.post(f"{LIST}add/", form_of(world))
    with every_city("a test looks at everything"):
        assert Segment.objects.count() == 10
    with django_assert_max_num_queries(11):
        client.get(LIST)
