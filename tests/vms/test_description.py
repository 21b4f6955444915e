"""The API's description costs its making once in a process, not each time that somebody asks."""

from typing import Any

import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from vms import description


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What this process, which has made none yet, makes; one word each time."""
    times: list[str] = []
    make = SchemaGenerator.get_schema

    def count(self: Any, *given: Any, **named: Any) -> Any:
        times.append("made")
        return make(self, *given, **named)

    description.forget()
    monkeypatch.setattr(SchemaGenerator, "get_schema", count)
    return times


def ask(query: str = "", kind: str = "application/json", **headers: str) -> Any:
    return Client().get(f"/api/schema/{query}", headers={"Accept": kind} | headers)


def test_who_asks_again_is_given_the_same_bytes(made: list[str]) -> None:
    answers = [ask(query) for query in ("", "?lang=xx", "?lang=en", "?version=1", "?version=2")]
    assert {(answer.status_code, answer.content) for answer in answers} == {(200, answers[0].content)}
    assert made == ["made"]


def test_each_kind_and_language_is_its_own(made: list[str]) -> None:
    asked = [("", "*/*"), ("", "application/json"), ("?lang=pt-br", "application/json"), ("?format=json", "*/*")]
    for _ in range(2):
        answers = [ask(query, kind) for query, kind in asked]
    assert [answer["Content-Type"] for answer in answers] == [
        "application/vnd.oai.openapi; charset=utf-8",
        "application/json",
        "application/json",
        "application/vnd.oai.openapi+json",
    ]
    assert answers[1].content == answers[3].content != answers[0].content
    assert len(made) == 4


def test_a_caller_that_has_it_is_sent_nothing(made: list[str]) -> None:
    first = ask()
    again = ask(**{"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])
    assert first["Cache-Control"] == again["Cache-Control"] == "private, no-cache"
    assert ask(kind="*/*", **{"If-None-Match": first["ETag"]}).status_code == 200
    assert first["Content-Disposition"] == 'inline; filename="Open City VMS.json"'


def test_what_is_no_kind_of_it_is_refused(made: list[str]) -> None:
    assert (ask(kind="text/html").status_code, ask("?format=exe").status_code, made) == (406, 404, [])
