"""Answers that are of one kind whatever is asked for: players name kinds that the API framework does not know."""

from collections.abc import Sequence

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request


class AnyAnswer(BaseContentNegotiation):
    """Takes the first of a view's kinds."""

    def select_parser(self, request: Request, parsers: Sequence[BaseParser]) -> BaseParser:  # noqa: ARG002 -- DRF's signature
        return parsers[0]

    def select_renderer(
        self,
        request: Request,  # noqa: ARG002 -- DRF's signature
        renderers: Sequence[BaseRenderer],
        format_suffix: str | None = None,  # noqa: ARG002 -- as above
    ) -> tuple[BaseRenderer, str]:
        return renderers[0], renderers[0].media_type
