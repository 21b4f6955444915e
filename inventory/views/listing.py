"""The list of cameras: found, filtered, with states, the last day and a switch each; and the same as a table."""

from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from cameras.groups.queries import list_group_names
from cities.access import Access
from cities.pages import protect_page, query_without_page
from inventory.imports.sheet import write_sheet
from inventory.queries import Wanted, count_cameras, find_cameras, list_servers, read_strips, read_wanted
from inventory.rows import make_row
from inventory.switching import MOST_AT_ONCE, find_last_switch
from inventory.views.doors import members_page, page_context

CAMERAS_PER_PAGE = 50


@require_safe
@members_page()
def show_cameras(request: HttpRequest, access: Access) -> HttpResponse:
    """Show a page of the cameras that fit, or what to do next where there are none."""
    zone, now, wanted = ZoneInfo(access.city.time_zone), timezone.now(), read_wanted(request.GET)
    page = Paginator(find_cameras(wanted), CAMERAS_PER_PAGE).get_page(request.GET.get("page"))
    cameras = list(page)
    strips = read_strips([camera.pk for camera in cameras], now)
    known = page_context(request, access)
    context = known | {
        "last_switch": find_last_switch(access, now) if known["may_switch"] else None,
        "rows": [make_row(camera, strips[camera.pk], zone=zone, now=now) for camera in cameras],
        "page": page,
        "wanted": wanted,
        "searching": wanted != Wanted(),
        "counts": count_cameras(),
        "servers": list_servers(),
        "groups": list_group_names(),
        "query_without_page": query_without_page(request),
        "most_at_once": MOST_AT_ONCE,
        "may_switch_all": page.paginator.count <= MOST_AT_ONCE,
    }
    return protect_page(render(request, "inventory/cameras.html", context))


@require_safe
@members_page()
def export_cameras(request: HttpRequest, access: Access) -> HttpResponse:  # noqa: ARG001 -- the door hands it to all
    """Give the cameras that fit as lines of text that a spreadsheet opens, and that the import reads."""
    response = HttpResponse(write_sheet(find_cameras(read_wanted(request.GET))), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="cameras-{timezone.localdate():%Y-%m-%d}.csv"'
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response
