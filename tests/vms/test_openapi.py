"""The API's description: whole, valid, true, and readable without the internet."""

import re
from io import StringIO
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from cities.problems import describe_problem
from tests.world import ApiClient, World


@pytest.fixture
def schema() -> Any:
    return SchemaGenerator().get_schema(request=None, public=True)


def operations_of(schema: Any) -> list[tuple[str, str, Any]]:
    return [
        (method, path, operation) for path, methods in schema["paths"].items() for method, operation in methods.items()
    ]


def test_the_description_is_valid_and_the_generator_warns_of_nothing() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=StringIO())


def test_every_operation_has_a_known_tag_a_name_and_a_summary(schema: Any) -> None:
    assert [tag["name"] for tag in schema["tags"]] == ["Streaming", "Recording", "Mosaics", "System"]
    known = {tag["name"] for tag in schema["tags"]}
    for _, path, operation in operations_of(schema):
        assert set(operation["tags"]) <= known, path
        assert operation["summary"], path
    names = [operation["operationId"] for _, _, operation in operations_of(schema)]
    assert len(names) == len(set(names))


def test_every_operation_of_the_api_declares_its_headers_and_problems(schema: Any) -> None:
    for method, path, operation in operations_of(schema):
        references = [parameter.get("$ref") for parameter in operation.get("parameters", [])]
        declares = {"#/components/parameters/City", "#/components/parameters/User"} <= set(references)
        assert declares == path.startswith("/api/v1/"), (method, path)
        if declares:
            assert {"400", "401", "403", "default"} <= set(operation["responses"]), (method, path)
            assert operation["security"] == [{"bearer": []}, {}]
    assert schema["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert schema["components"]["parameters"]["City"]["name"] == "X-City-ID"


def test_a_problem_looks_as_described(schema: Any) -> None:
    described = schema["components"]["schemas"]["Problem"]
    problem = describe_problem(400, "no", [{"field": "name", "detail": "no"}])
    assert set(problem) == set(described["properties"])
    assert set(describe_problem(404, "no")) == set(described["required"])


@pytest.mark.parametrize(
    ("component", "path"),
    [
        ("Camera", "/api/v1/cameras/{id}"),
        ("Stream", "/api/v1/streams/{id}"),
        ("RecordingState", "/api/v1/cameras/{id}/recording"),
        ("Health", "/health"),
    ],
)
def test_answers_have_the_described_fields(world: World, schema: Any, component: str, path: str) -> None:
    client = ApiClient(world.operator, world.city)
    client.post(f"/api/v1/streams?camera_id={world.camera.pk}")
    answer = client.get(path.format(id=world.camera.pk))
    described = schema["components"]["schemas"][component]
    assert answer.status_code == 200
    assert set(answer.json()) == set(described["properties"])


def test_the_documentation_needs_no_internet(db: None) -> None:
    page = Client().get("/docs")
    assert page.status_code == 200
    text = page.content.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert [link for link in links if not link.startswith("/static/")] == ["/docs?script="]
    links.remove("/docs?script=")
    assert [link for link in links if finders.find(link.removeprefix("/static/")) is None] == []
    assert len([link for link in links if link.endswith(".js")]) == 2
    assert "/api/schema/" in Client().get("/docs?script=").content.decode()


def test_the_description_is_served(db: None) -> None:
    answer = Client().get("/api/schema/", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Open City VMS")
