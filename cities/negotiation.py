"""Which kind of answer a request gets: mostly the first that a view has, and that is seen at once."""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

_ANY = "*/*"


class FirstAnswer(DefaultContentNegotiation):
    """Takes the first of a view's kinds where the caller takes any, or names that one; else the framework chooses."""

    def select_renderer(
        self, request: Request, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        is_for_first = request.META.get("HTTP_ACCEPT", _ANY) in (_ANY, first.media_type)
        if is_for_first and format_suffix is None and self.settings.URL_FORMAT_OVERRIDE not in request.query_params:
            return first, first.media_type
        chosen: tuple[BaseRenderer, str] = super().select_renderer(request, renderers, format_suffix)
        return chosen


class AnyAnswer(BaseContentNegotiation):
    """Takes the first of a view's kinds whatever is asked for: players name kinds that the framework does not know."""

    def select_parser(self, request: Request, parsers: Iterable[BaseParser]) -> BaseParser:  # noqa: ARG002 -- DRF's signature
        return next(iter(parsers))

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 -- DRF's signature
        renderers: Iterable[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 -- as above
    ) -> tuple[BaseRenderer, str]:
        first = next(iter(renderers))
        return first, first.media_type
