"""Adding a camera, changing one, and testing its address before."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cameras.models import Camera
from cameras.queries import find_camera
from cameras.services import shown_source_url
from cities.access import Access
from cities.errors import Conflict, InvalidInput
from cities.models import Role
from cities.pages import protect_page
from inventory.connection import note_view, order_test, say_look
from inventory.errands import read_result
from inventory.forms import CameraForm, read_form
from inventory.models import ErrandKind
from inventory.services import add_whole_camera, change_whole_camera
from inventory.views.doors import errand_of, members_page, page_context, read_id


@require_http_methods(["GET", "POST"])
@members_page(Role.MANAGER, of_the_whole_city=True)
def add_camera(request: HttpRequest, access: Access) -> HttpResponse:
    """Ask for a camera and add it; `?source_url=` and `?name=` fill the form."""
    if request.method == "POST":
        return _save(request, access, None)
    told = {name: request.GET.get(name, "") for name in ("name", "location", "source_url")}
    try:
        form = read_form({**told, "record": "1"}).without_secrets()
    except InvalidInput:
        form = CameraForm()
    return _show(request, access, None, form)


@require_http_methods(["GET", "POST"])
@members_page(Role.MANAGER)
def change_camera(request: HttpRequest, access: Access, camera_id: UUID) -> HttpResponse:
    """Show what a camera is and change it."""
    camera = find_camera(camera_id)
    if request.method == "POST":
        return _save(request, access, camera)
    form = CameraForm(camera.name, camera.location, shown_source_url(camera))
    return _show(request, access, camera, form)


@require_POST
@members_page(Role.MANAGER)
def test_connection(request: HttpRequest, access: Access) -> HttpResponse:
    """Order a test of the form's address, and say where its result will be."""
    camera_id = read_id(request.POST.get("camera", ""))
    camera = find_camera(camera_id) if camera_id else None
    try:
        form = read_form(request.POST)
        errand = order_test(access, form.compose_source(), camera, timezone.now())
    except InvalidInput as refused:
        return JsonResponse({"detail": gettext(refused.message), "field": refused.field}, status=422)
    except Conflict as refused:
        return JsonResponse({"detail": gettext(refused.message)}, status=429)
    return JsonResponse({"id": str(errand.pk)}, status=202)


@require_safe
@members_page(Role.MANAGER)
def read_test(request: HttpRequest, access: Access, errand_id: UUID) -> HttpResponse:  # noqa: ARG001 -- Django's signature
    """Give what a test saw, or that it is still under way."""
    errand = errand_of(access, errand_id, ErrandKind.CONNECTION)
    result = read_result(errand, timezone.now())
    if result:
        note_view(errand, result, now=timezone.now())
    response = JsonResponse({"done": True, **say_look(result)} if result else {"done": False})
    response["Cache-Control"] = "no-store"
    return response


def _save(request: HttpRequest, access: Access, camera: Camera | None) -> HttpResponse:
    form = CameraForm()
    try:
        form = read_form(request.POST)
        if camera is None:
            saved = add_whole_camera(access, form, timezone.now())
        else:
            saved = change_whole_camera(access, camera, form, timezone.now())
    except (InvalidInput, Conflict) as refused:
        return _show(request, access, camera, form, refused)
    text = _("%(camera)s was changed.") if camera else _("%(camera)s was added.")
    messages.success(request, text % {"camera": saved.name})
    return redirect("cameras")


def _show(
    request: HttpRequest,
    access: Access,
    camera: Camera | None,
    form: CameraForm,
    refused: InvalidInput | Conflict | None = None,
) -> HttpResponse:
    context = page_context(request, access) | {
        "camera": camera,
        "form": form.without_secrets(),
        "has_credentials": camera.has_credentials if camera else False,
        "errors": {refused.field or "": gettext(refused.message)} if refused else {},
        "general_error": gettext(refused.message) if refused and not refused.field else "",
    }
    status = 422 if refused else 200
    return protect_page(render(request, "inventory/camera_form.html", context, status=status))
