"""What the OpenAPI description says of every operation: who may call, with which headers, what a problem is."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension

from cities.middleware import API_PREFIX
from cities.problems import CONTENT_TYPE

BEARER = "bearer"

_HEADERS = {
    "City": {
        "name": "X-City-ID",
        "in": "header",
        "required": True,
        "description": "The city to work in; the user must be a member of it.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "User": {
        "name": "X-User-ID",
        "in": "header",
        "required": True,
        "description": "The user who calls: the token's. Without a token it is believed from trusted proxies only.",
        "schema": {"type": "integer", "minimum": 1},
    },
}
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457: what went wrong and what to do about it.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "example": "about:blank"},
        "title": {"type": "string", "example": "Bad Request"},
        "status": {"type": "integer", "example": 400},
        "detail": {"type": "string", "example": "The header X-City-ID is missing; send the id of the city in it."},
        "errors": {
            "type": "array",
            "description": "The inputs at fault, where some are.",
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
_PROBLEMS = {
    "400": "A header, a parameter or the body is wrong.",
    "401": "No token where one is needed, or a bad one.",
    "403": "Not a member of this city, or the role does not allow it.",
    "404": "There is no such thing in this city.",
    "default": "Any other problem.",
}


class CityAuthenticationScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # its base has an untyped hook
    """Describes `CityAuthentication` to the generator."""

    target_class = "cities.authentication.CityAuthentication"
    name = BEARER

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:  # noqa: ARG002 -- the generator's signature
        return {"type": "http", "scheme": "bearer", "description": "Made by `manage.py create_token USER`."}


def describe_doors(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:  # noqa: ARG001, FBT001 -- the signature of a hook
    """Add the headers and the problems to every operation of the API; a drf-spectacular hook."""
    components = result.setdefault("components", {})
    components["parameters"] = _HEADERS
    components.setdefault("schemas", {})["Problem"] = _PROBLEM
    components["responses"] = {f"Problem{status}": _describe_response(text) for status, text in _PROBLEMS.items()}
    for path, operations in result["paths"].items():
        if path.startswith(API_PREFIX):
            for operation in operations.values():
                _describe_operation(operation)
    return result


def _describe_operation(operation: dict[str, Any]) -> None:
    own = operation.get("parameters", [])
    operation["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in _HEADERS] + own
    # No token at all is right too, where a trusted gateway vouches for the user.
    operation["security"] = [{BEARER: []}, {}]
    names_something = any(
        parameter["in"] == "path" or parameter["name"] in ("camera_id", "camera_ids") for parameter in own
    )
    for status in _PROBLEMS:
        if status != "404" or names_something:
            operation["responses"].setdefault(status, {"$ref": f"#/components/responses/Problem{status}"})


def _describe_response(text: str) -> dict[str, Any]:
    return {"description": text, "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
