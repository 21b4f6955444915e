"""Each role may do in the API what docs/roles.md says, and nothing else."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver

from tests.matrix.full_world import FullWorld, own_ids, rows
from tests.matrix.operations import OPERATIONS, Operation, assert_problem, call, smallest_role, walk_api
from tests.matrix.table import ADMINISTRATOR, ROLES, WITH_A_REASON, read_table
from tests.world import ApiClient


def test_the_routes_and_their_description_and_the_table_are_the_same() -> None:
    routes = set(walk_api(get_resolver().url_patterns))
    assert routes == {(operation.method, operation.route) for operation in OPERATIONS}
    assert {operation.row for operation in OPERATIONS} == set(read_table("Operation"))
    assert len(routes) >= 15


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_each_role_may_what_is_its_own(full: FullWorld, operation: Operation) -> None:
    before = rows()
    for role in sorted(ROLES, key=operation.allows):  # who may not comes first: they change nothing
        with transaction.atomic():
            answer = call(ApiClient(full.of_role(role), full.city), operation, own_ids(full))
            if operation.allows(role):
                transaction.set_rollback(True)  # the next role finds what this one may have taken away
        if operation.allows(role):
            assert answer.status_code in {200, 201, 204}
        else:
            assert smallest_role(operation).value in assert_problem(answer, 403)["detail"]
            assert rows() == before


@pytest.mark.parametrize("operation", OPERATIONS, ids=str)
def test_who_administers_the_platform_is_nobody_in_a_city(full: FullWorld, operation: Operation) -> None:
    before = rows()
    assert_problem(call(ApiClient(full.administrator, full.city), operation, own_ids(full)), 403)
    browser = Client(headers={"Accept": "text/html"})
    browser.force_login(full.administrator)
    assert call(browser, operation, own_ids(full)).status_code == 403
    assert rows() == before
    browser.post("/break-glass", {"city": full.city.pk, "reason": "Order 12/2026 of the court"})
    is_let_in = call(browser, operation, own_ids(full)).status_code in {200, 201, 204}
    assert is_let_in == (read_table("Operation")[operation.row][ADMINISTRATOR] == WITH_A_REASON)
