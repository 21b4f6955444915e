"""Which kind of answer a request gets: the same as the framework would choose, whatever is asked for."""

import pytest
from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from cities.negotiation import FirstAnswer

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("query", [{}, {"format": "json"}, {"format": "api"}])
@pytest.mark.parametrize("accepted", [None, "*/*", "application/json", "application/json; indent=4", BROWSER])
def test_the_framework_would_choose_the_same(accepted: str | None, query: dict[str, str]) -> None:
    headers = {} if accepted is None else {"HTTP_ACCEPT": accepted}
    request = Request(APIRequestFactory().get("/api/v1/cameras", query, **headers))
    assert choose(FirstAnswer(), request) == choose(DefaultContentNegotiation(), request)


def choose(negotiation: DefaultContentNegotiation, request: Request) -> tuple[type, str] | None:
    """Give the kind of renderer and its type; None where the caller takes nothing that there is."""
    try:
        renderer, media_type = negotiation.select_renderer(request, [JSONRenderer(), BrowsableAPIRenderer()])
    except NotAcceptable:
        return None
    return type(renderer), media_type
