"""The status page, its live events, and the same facts for who cannot have events."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import django
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cities.access import Access, access_of_user
from cities.models import User
from cities.opening import find_opened, has_opened
from cities.pages import access_at, frame_of, protect_page
from cities.scope import city_scope, narrowed_to
from observers.status.queries import read_status
from observers.status.stream import Stream, digest_sections, places, tell_changes, tell_moved
from observers.status.words import render_sections


@require_safe
@login_required
def show_status(request: HttpRequest) -> HttpResponse:
    """Show how everything of the city is just now."""
    access = access_at(request)
    if access is None:
        return redirect("/")
    sections = _look(access)
    context = {
        **frame_of(request),
        "sections": sections,
        "digest": digest_sections(sections),
        "versions": _list_versions() if access.user.is_staff else [],
        "may_administer": access.user.is_staff,
    }
    return protect_page(render(request, "observers/status.html", context))


@require_safe
def give_facts(request: HttpRequest) -> HttpResponse:
    """Give a script every section as it is now, and their digest."""
    access = access_at(request)
    if access is None:
        return _refuse(request)
    sections = _look(access)
    response = JsonResponse({"city": str(access.city.pk), "id": digest_sections(sections), "sections": sections})
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def stream_events(request: HttpRequest) -> HttpResponseBase:
    """Give a script the sections that change, as server-sent events; 503 while too many listen already.

    `?city=` is the city of the page: where its reader is in another by now, it is told so and nothing else.
    """
    access = access_at(request)
    if access is None:
        return _refuse(request)
    if request.method == "HEAD":
        return HttpResponse(content_type="text/event-stream")
    if not places.take(access.user.pk):
        busy = JsonResponse(
            {"detail": _("Too many pages listen at once; this one asks from time to time.")}, status=503
        )
        busy["Retry-After"] = "60"
        return busy
    user_id = access.user.pk
    last_id = request.headers.get("Last-Event-ID", "") or request.GET.get("id", "")
    is_moved = request.GET.get("city", str(access.city.pk)) != str(access.city.pk)
    rounds = tell_moved() if is_moved else tell_changes(_look_again(request, access), last_id=last_id[:64])
    response = StreamingHttpResponse(Stream(rounds, lambda: places.leave(user_id)), content_type="text/event-stream")
    response["Cache-Control"] = "private, no-store"
    # A proxy that gathers answers before it passes them on would make the stream one late answer.
    response["X-Accel-Buffering"] = "no"
    return response


def _look(access: Access) -> dict[str, str]:
    now = timezone.now()
    return render_sections(read_status(access.city.pk, now), zone=ZoneInfo(access.city.time_zone), now=now)


def _look_again(request: HttpRequest, access: Access) -> Callable[[], dict[str, str] | None]:
    """Give what looks anew at each round: who asks and whether they still may, in their language and their city."""
    language, city_id, session_key = (
        translation.get_language() or "en",
        access.city.pk,
        request.session.session_key or "",
    )

    def look() -> dict[str, str] | None:
        user = User.objects.filter(pk=access.user.pk, is_active=True).first()
        if user is None or not request.session.exists(session_key):
            return None
        now = timezone.now()
        with translation.override(language), city_scope(city_id):
            # What stands in the session was read when the stream began; the city's log tells whether it still holds.
            opened = find_opened(request, user, now) if has_opened(user, city_id, now) else None
            still = access_of_user(user, city_id, opened)
            if still is None:
                return None
            with narrowed_to(still.narrowing):
                return _look(still)

    return look


def _refuse(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        raise PermissionDenied
    return JsonResponse({"detail": _("You are signed out. Sign in again.")}, status=401)


def _list_versions() -> list[tuple[str, str]]:
    postgres = getattr(connection, "pg_version", 0)
    return [("PostgreSQL", f"{postgres // 10_000}.{postgres % 10_000}"), ("Django", django.get_version())]
