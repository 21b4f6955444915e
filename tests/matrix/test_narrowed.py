"""Who sees only some cameras of a city finds of the others what a stranger finds: made from the same operations."""

from collections.abc import Iterable
from typing import Any

import pytest

from cameras.groups.services import make_group, narrow_member
from cameras.models import Camera
from cities.models import Membership, User
from cities.scope import city_scope
from tests.matrix.full_world import OWN_GROUP, FullWorld, hold_of, own_ids, rows, unknown_ids
from tests.matrix.operations import LISTS, NAMING, OPERATIONS, SAFE, Operation, assert_problem, call
from tests.matrix.test_pages import ROWS as PAGES
from tests.matrix.test_pages import ask as ask_page
from tests.matrix.test_pages import sign_in
from tests.world import NOW, ApiClient

NEEDS_THE_WHOLE_CITY = {
    "POST /api/v1/cameras",
    "DELETE /api/v1/cameras/{camera_id}",
    "PUT /api/v1/retention",
    "POST /api/v1/groups",
    "PUT /api/v1/groups/{group_id}",
    "DELETE /api/v1/groups/{group_id}",
}
OF_CAMERAS = [operation for operation in NAMING if "city_id" not in operation.in_path]
OF_THE_CITY = {"/api/v1/cities", "/api/v1/cities/{city_id}"}


def narrow(full: FullWorld, person: User, cameras: Iterable[Camera]) -> ApiClient:
    """Let a member see only these cameras."""
    with city_scope(full.city.pk):
        ids = [camera.pk for camera in cameras]
        group = make_group(full.city, name=f"Of {person}", camera_ids=ids, by=None, now=NOW)
        narrow_member(Membership.objects.get(user=person), [group], by=full.owner, now=NOW)
    return ApiClient(person, full.city)


def another_camera(full: FullWorld) -> Camera:
    with city_scope(full.city.pk):
        return Camera.objects.create(city=full.city, media_server=full.server, name="Quiet alley")


@pytest.mark.parametrize("operation", OF_CAMERAS, ids=str)
def test_a_camera_of_another_group_is_the_same_as_an_unknown_one(full: FullWorld, operation: Operation) -> None:
    client = narrow(full, full.owner, [another_camera(full)])
    before = rows()
    hidden, unknown = (call(client, operation, ids(full)) for ids in (own_ids, unknown_ids))
    assert_problem(hidden, 403 if operation.row in NEEDS_THE_WHOLE_CITY else 404)
    assert (hidden.status_code, hidden.content, hidden.headers) == (
        unknown.status_code,
        unknown.content,
        unknown.headers,
    )
    assert rows() == before


@pytest.mark.parametrize("operation", [each for each in LISTS if each.allows("viewer")], ids=str)
def test_lists_leave_out_what_is_of_other_groups(full: FullWorld, operation: Operation) -> None:
    client = narrow(full, full.viewer, [])
    found = call(client, operation, {}).json()["results"]
    assert len(found) == (1 if operation.route in OF_THE_CITY else 0)


def secrets_of_camera(full: FullWorld) -> list[str]:
    return [full.camera.name, hold_of(full.camera), OWN_GROUP, "10.0.0.5"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_no_answer_holds_anything_of_another_group(full: FullWorld, operation: Operation) -> None:
    client, secrets = narrow(full, full.owner, [another_camera(full)]), secrets_of_camera(full)
    for ids in (own_ids(full), unknown_ids(full)):
        text = call(client, operation, ids).getvalue().decode()
        assert [secret for secret in secrets if secret in text] == []


@pytest.mark.parametrize("row", PAGES)
def test_no_page_shows_anything_of_another_group(full: FullWorld, row: str) -> None:
    narrow(full, full.owner, [another_camera(full)])
    before, answer = rows(), ask_page(sign_in(full.owner), row, full)
    assert [secret for secret in secrets_of_camera(full) if secret in answer.getvalue().decode()] == []
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_narrowed_manager_does_with_their_cameras_what_their_role_says(full: FullWorld, operation: Operation) -> None:
    client = narrow(full, full.owner, [full.camera])
    answer = call(client, operation, own_ids(full))
    if operation.row in NEEDS_THE_WHOLE_CITY or not operation.allows("manager"):
        assert_problem(answer, 403)
    elif "group_id" in operation.in_path:
        assert_problem(answer, 404)
    else:
        assert answer.status_code in {200, 201, 204}


@pytest.mark.parametrize("operation", [each for each in LISTS if each.allows("viewer")], ids=str)
def test_a_list_costs_who_is_narrowed_no_more_queries(
    full: FullWorld, operation: Operation, django_assert_max_num_queries: Any
) -> None:
    client = narrow(full, full.viewer, [full.camera])
    call(client, operation, {})  # whose live pictures are given away is written down once
    with django_assert_max_num_queries(4 if operation.route == "/api/v1/coverage" else 2):
        assert operation.method in SAFE
        call(client, operation, {})
