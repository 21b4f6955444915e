"""The API against its own description: generated requests of two cities' callers, with own, foreign and made-up ids.

Every example is undone, so that each meets both cities whole. An operation gets EXAMPLES,
half of them wrong on purpose.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks, not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from replay.pictures import api as pictures
from replay.pictures.frames import Frame
from tests.matrix.operations import TIMES
from tests.two_cities import Caller, as_auditor, furnish
from tests.world import NOW, World

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

EXAMPLES = int(os.environ.get("VMS_FUZZ_EXAMPLES") or ("100" if os.environ.get("CI") else "20"))
TRUE_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def describe_without_gateway() -> Any:
    """Give the description of an installation that trusts no gateway: there a token is no choice.

    The headers are the callers' own; tests/test_headers.py makes up others.
    """
    raw = deepcopy(SchemaGenerator().get_schema(request=None, public=True))
    for operations in raw["paths"].values():
        for operation in operations.values():
            if "security" in operation:
                operation["security"] = [need for need in operation["security"] if need]
                operation["parameters"] = [each for each in operation["parameters"] if "$ref" not in each]
    return raw


def _unwrap(found: Any) -> Any:
    return found.ok()


load_all_checks()
CONFIG = schemathesis.Config.from_dict({"generation": {"with-security-parameters": False}})
SCHEMA = schemathesis.openapi.from_dict(describe_without_gateway(), config=CONFIG)
SCHEMA.app = WSGIHandler()
OPERATIONS: dict[str, Any] = {operation.label: operation for operation in map(_unwrap, SCHEMA.get_all_operations())}
FUZZED = settings(
    max_examples=EXAMPLES // 2,
    deadline=None,
    database=None,
    # A run that passed passes again; other examples come with another VMS_FUZZ_EXAMPLES.
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture
def callers(world: World, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Caller, Caller]]:
    settings.VMS_TRUSTED_PROXIES = []
    monkeypatch.setattr(pictures, "make_frame", lambda *_, **__: Frame(b"a picture", NOW))
    with one_connection():
        yield furnish(world)


@contextmanager
def one_connection() -> Iterator[None]:
    """Leave the test's connection open after each request; Django's own test client does the same."""
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@contextmanager
def undone() -> Iterator[None]:
    """Undo what the block does; what a commit would have refused is refused before."""
    with transaction.atomic():
        yield
        connection.check_constraints()
        transaction.set_rollback(True)


def assert_no_leak(answer: Any, case: Any, caller: Caller) -> None:
    """Nothing of the other city comes back but what the caller has sent himself."""
    sent = repr((case.path_parameters, case.query, case.body))
    text = answer.content.decode(errors="replace") + repr(dict(answer.headers))
    assert [secret for secret in caller.secrets if secret in text and secret not in sent] == []


def who_may(managers: tuple[Caller, Caller], label: str) -> tuple[Caller, Caller]:
    """Give who reads the audit log for its operations, and managers for all others."""
    ours, theirs = managers
    return (as_auditor(ours), as_auditor(theirs)) if "/audit" in label else managers


def send(case: Any, caller: Caller, checks: list[Any]) -> Any:
    """Send it as the caller; the token goes apart, so that `ignored_auth` can ask again without it."""
    token = {"Authorization": caller.headers["Authorization"]}
    case.headers.update({name: value for name, value in caller.headers.items() if name not in token})
    answer = case.call(headers=token)
    case.validate_response(
        answer,
        checks=[check for check in checks if check is not negative_data_rejection or not is_forgiven(answer, case)],
        headers=token,
    )
    return answer


def is_forgiven(answer: Any, case: Any) -> bool:
    """Whether we read over what is wrong: an empty filter is none, so is an empty field of a form, and blanks around a
    value are not part of it.

    Too large a body is refused as well, by a status that the check does not know as a refusal.
    """
    if answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return True
    asked = dict(parse_qsl(urlsplit(answer.request.url).query, keep_blank_values=True))
    body = case.body if isinstance(case.body, dict) else {}
    is_form = "form" in answer.request.headers.get("Content-Type", "")
    if "" in asked.values() or (is_form and any(value in ("", None, [], {}) for value in body.values())):
        return True
    return any(isinstance(value, str) and value != value.strip() for value in [*asked.values(), *body.values()])


def put_ids(case: Any, data: st.DataObject, caller: Caller) -> None:
    """Put real ids where generated ones stand, the caller's own or the other city's: made-up ones find nothing."""
    ids = data.draw(st.sampled_from([caller.ids, caller.ids, caller.foreign_ids, {}]))
    for place in (case.path_parameters, case.query, case.body):
        if isinstance(place, dict):
            place.update({name: value for name, value in ids.items() if name in place})


@pytest.mark.parametrize("label", OPERATIONS)
def test_right_requests_get_what_is_described(callers: tuple[Caller, Caller], label: str) -> None:
    callers = who_may(callers, label)

    @FUZZED
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(callers))
        case = data.draw(OPERATIONS[label].as_strategy(GenerationMode.POSITIVE))
        put_ids(case, data, caller)
        with undone():
            answer = send(case, caller, [*TRUE_CHECKS, ignored_auth])
            assert_no_leak(answer, case, caller)

    check()


@pytest.mark.parametrize("label", OPERATIONS)
def test_wrong_requests_are_refused_as_described(callers: tuple[Caller, Caller], label: str) -> None:
    if not has_something_to_get_wrong(label):
        return

    callers = who_may(callers, label)

    @FUZZED
    @given(data=st.data())
    def check(data: st.DataObject) -> None:
        caller = data.draw(st.sampled_from(callers))
        case = data.draw(OPERATIONS[label].as_strategy(GenerationMode.NEGATIVE))
        with undone():
            answer = send(case, caller, [*TRUE_CHECKS, negative_data_rejection])
            assert_no_leak(answer, case, caller)

    check()


def has_something_to_get_wrong(label: str) -> bool:
    operation = OPERATIONS[label]
    return bool(list(operation.path_parameters) or list(operation.query) or list(operation.body))


def test_the_fuzzing_reaches_rows(callers: tuple[Caller, Caller]) -> None:
    """A run in which every answer is a 404 would prove nothing."""
    managers, auditors = callers, who_may(callers, "GET /api/v1/audit")
    for label, operation in OPERATIONS.items():
        if label.startswith("GET /api/v1/"):
            for caller in auditors if "/audit" in label else managers:
                told = caller.ids | TIMES
                query = {each.name: told[each.name] for each in operation.query if each.is_required}
                query |= {"to": TIMES["to"]} if "from" in query else {}
                path = {name: caller.ids[name] for name in names_in(operation.path)}
                case = operation.Case(path_parameters=path, query=query)
                assert case.call(headers=caller.headers).status_code == 200, label


def names_in(path: str) -> list[str]:
    return [part[1:-1].partition("}")[0] for part in path.replace(".", "/").split("/") if part.startswith("{")]
