"""Answers that are of one kind whatever is asked for: players name kinds that the API framework does not know."""

from collections.abc import Iterable

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyAnswer(BaseContentNegotiation):
    """Takes the first of a view's kinds."""

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
