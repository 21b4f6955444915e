"""Nothing of one city reaches another through the API, nor can one tell that it is there."""

import pytest

from tests.matrix.full_world import (
    UNKNOWN_ID,
    FullWorld,
    foreign_ids,
    own_ids,
    rows,
    secrets_of_other_city,
    unknown_ids,
)
from tests.matrix.operations import NAMING, OPERATIONS, Operation, assert_problem, call
from tests.world import ApiClient


@pytest.mark.parametrize("operation", NAMING, ids=str)
def test_a_foreign_id_is_the_same_as_an_unknown_one(full: FullWorld, operation: Operation) -> None:
    client, before = ApiClient(full.owner, full.city), rows()
    foreign = call(client, operation, foreign_ids(full))
    unknown = call(client, operation, unknown_ids(full))
    assert_problem(foreign, 404)
    assert (foreign.status_code, foreign.content, foreign.headers) == (
        unknown.status_code,
        unknown.content,
        unknown.headers,
    )
    assert rows() == before


@pytest.mark.parametrize("operation", NAMING, ids=str)
def test_a_stranger_in_his_own_city_finds_nothing_of_ours(full: FullWorld, operation: Operation) -> None:
    before = rows()
    assert_problem(call(ApiClient(full.stranger, full.other_city), operation, own_ids(full)), 404)
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_stranger_with_our_city_in_the_header_is_refused(full: FullWorld, operation: Operation) -> None:
    before = rows()
    for ids in (own_ids, foreign_ids, unknown_ids):
        problem = assert_problem(call(ApiClient(full.stranger, full.city), operation, ids(full)), 403)
        assert problem["detail"] == "This user is no member of this city."
    assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_a_city_that_does_not_exist_is_refused_like_a_foreign_one(full: FullWorld, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    unknown = call(client, operation, own_ids(full), headers={"X-City-ID": UNKNOWN_ID})
    foreign = call(client, operation, own_ids(full), headers={"X-City-ID": str(full.other_city.pk)})
    assert_problem(unknown, 403)
    assert (unknown.content, unknown.headers) == (foreign.content, foreign.headers)


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_no_answer_holds_anything_of_another_city(full: FullWorld, operation: Operation) -> None:
    callers = (full.owner, full.viewer, full.auditor, full.stranger)
    for person in callers:
        for ids in (own_ids(full), foreign_ids(full), unknown_ids(full)):
            answer = call(ApiClient(person, full.city), operation, ids)
            text = answer.getvalue().decode()
            assert [secret for secret in secrets_of_other_city(full) if secret in text] == []


NO_IDS = ["1", "not-a-uuid", "%00", "..%2f..", "%F0%9F%8E%A5", UNKNOWN_ID[:-1], UNKNOWN_ID + "0"]


@pytest.mark.parametrize("operation", [operation for operation in OPERATIONS if operation.in_path], ids=str)
def test_what_is_no_id_is_not_there(full: FullWorld, operation: Operation) -> None:
    client = ApiClient(full.owner, full.city)
    unknown = call(client, operation, unknown_ids(full)).json()
    for text in NO_IDS:
        answer = call(client, operation, dict.fromkeys(own_ids(full), text))
        assert assert_problem(answer, 404) == unknown
