"""The API's description (OpenAPI): made once in a process for each kind of answer and language, then given as it is."""

from functools import cache
from hashlib import sha256
from threading import Lock
from typing import Any, NamedTuple

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from django.utils import translation
from django.utils.cache import get_conditional_response
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# Everybody may ask, and making one takes a fifth of a second of the processor: never for many at once.
_MAKING = Lock()
_KINDS: dict[str, Any] = {each.media_type: each for each in SpectacularAPIView.renderer_classes}
_NAME = settings.SPECTACULAR_SETTINGS["TITLE"]


class _Description(NamedTuple):
    body: bytes
    tag: str


class DescriptionView(SpectacularAPIView):
    """Gives the description, and nothing to who has it already."""

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponseBase:
        """Answer in the kind that the caller takes, in the language of `?lang=` or else of the request."""
        kind = request.accepted_renderer
        with _MAKING:
            made = _make(str(kind.media_type), _choose_language(request))
        response = HttpResponse(made.body, content_type=_spell_type(kind))
        response["Content-Disposition"] = f'inline; filename="{_NAME}.{kind.format}"'
        response["Cache-Control"], response["ETag"] = "private, no-cache", made.tag
        plain = request._request  # noqa: SLF001 -- DRF's wrapper offers no public way to the request it wraps
        return get_conditional_response(plain, made.tag, response=response) or response


def forget() -> None:
    """Let this process make the description anew."""
    _make.cache_clear()


@cache
def _make(media_type: str, language: str) -> _Description:
    with translation.override(language):
        schema = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # its package has few types
        body = _KINDS[media_type]().render(schema, media_type, {})
    return _Description(body, f'"{sha256(body).hexdigest()[:32]}"')


def _choose_language(request: Request) -> str:
    """Only a language that we speak: a made-up one would be remembered as another description."""
    wanted = request.query_params.get("lang", "")
    return wanted if wanted in dict(settings.LANGUAGES) else translation.get_language() or settings.LANGUAGE_CODE


def _spell_type(kind: BaseRenderer) -> str:
    return f"{kind.media_type}; charset={kind.charset}" if kind.charset else str(kind.media_type)
