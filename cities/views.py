"""Choosing the city whose pages one sees; what every page sends along."""

from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from cities.access import SESSION_CITY
from cities.models import User
from cities.queries import list_cities_of


@require_POST
@login_required
def choose_city(request: HttpRequest) -> HttpResponse:
    """Look at another of one's own cities from now on; any other city does not exist for the caller."""
    assert isinstance(request.user, User)  # noqa: S101 -- login_required saw to it
    wanted = _parse_uuid(request.POST.get("city", ""))
    if wanted not in {city.pk for city in list_cities_of(request.user)}:
        raise Http404
    request.session[SESSION_CITY] = str(wanted)
    return redirect("/")


def return_to_page(request: HttpRequest) -> HttpResponseRedirect:
    """Go back to the address the form named in `next` if it is ours, else to the first page."""
    target = request.POST.get("next", "")
    ours = url_has_allowed_host_and_scheme(target, {request.get_host()}, require_https=request.is_secure())
    return HttpResponseRedirect(target if ours else "/")


def protect_page(response: HttpResponse, *, media_urls: Iterable[str] = ()) -> HttpResponse:
    """Let the page run our own files only, and fetch pictures and the player from these media servers."""
    media = " ".join(sorted({_origin_of(url) for url in media_urls}))
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' {media}",
        "connect-src": f"'self' {media}",
        "media-src": f"'self' blob: {media}",
        "img-src": "'self' data:",
        "object-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
        "frame-ancestors": "'none'",
    }
    response["Content-Security-Policy"] = "; ".join(f"{name} {sources.strip()}" for name, sources in policy.items())
    response["Cache-Control"] = "private, no-cache"
    return response


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _parse_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
