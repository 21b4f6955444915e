"""Finding cameras on the network: searched where a manager asks for it, never by itself."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cities.access import Access
from cities.errors import Conflict, InvalidInput
from cities.models import Role
from cities.pages import protect_page
from inventory.discovery.services import order_address_question, order_search, say_address
from inventory.errands import read_result
from inventory.forms import read_form
from inventory.models import ErrandKind
from inventory.views.doors import errand_of, members_page, page_context


@require_http_methods(["GET", "POST"])
@members_page(Role.MANAGER, of_the_whole_city=True)
def discover(request: HttpRequest, access: Access) -> HttpResponse:
    """Say what a search does, and begin one."""
    if request.method == "POST":
        try:
            errand = order_search(access, timezone.now())
        except Conflict as refused:
            messages.error(request, gettext(refused.message))
            return redirect("discover_cameras")
        return redirect("discovered_cameras", errand.pk)
    return protect_page(render(request, "inventory/discover.html", page_context(request, access)))


@require_safe
@members_page(Role.MANAGER, of_the_whole_city=True)
def show_discovered(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    """Show what was found, or that the search is still under way."""
    errand = errand_of(access, errand_id, ErrandKind.DISCOVERY)
    result = read_result(errand, timezone.now())
    if "application/json" in request.headers.get("Accept", ""):
        return JsonResponse({"done": result is not None})
    found = result or {}
    context = page_context(request, access) | {
        "errand": errand,
        "is_done": result is not None,
        "is_late": (timezone.now() - errand.made_at).total_seconds() > 60,
        "devices": found.get("devices", []),
        "elsewhere": found.get("elsewhere", 0),
        "problem": gettext(found["problem"]) if found.get("problem") else "",
    }
    return protect_page(render(request, "inventory/discover.html", context))


@require_POST
@members_page(Role.MANAGER, of_the_whole_city=True)
def ask_address(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:
    """Have a found camera asked for the address of its stream."""
    search = errand_of(access, errand_id, ErrandKind.DISCOVERY)
    try:
        form = read_form(request.POST)
        errand = order_address_question(
            access,
            search,
            address=request.POST.get("address", ""),
            username=form.username,
            password=form.password,
            now=timezone.now(),
        )
    except (InvalidInput, Conflict) as refused:
        return JsonResponse({"detail": gettext(refused.message)}, status=422)
    return JsonResponse({"id": str(errand.pk)}, status=202)


@require_safe
@members_page(Role.MANAGER, of_the_whole_city=True)
def read_address(
    request: HttpRequest,  # noqa: ARG001 -- Django's signature
    access: Access,
    search_id: UUID,
    errand_id: UUID,
) -> HttpResponse:
    """Give the address that a camera told, or that it is still being asked."""
    errand_of(access, search_id, ErrandKind.DISCOVERY)
    errand = errand_of(access, errand_id, ErrandKind.STREAM_ADDRESS)
    result = read_result(errand, timezone.now())
    response = JsonResponse({"done": True, **say_address(result)} if result else {"done": False})
    response["Cache-Control"] = "no-store"
    return response
