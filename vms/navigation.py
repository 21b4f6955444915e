"""The sidebar of the administration: what the caller may open, grouped by what one comes for."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

_Page = tuple[Any, str, str]  # its title, its icon, the label of its model

_GROUPS: list[tuple[Any, list[_Page]]] = [
    (
        _("Cameras"),
        [
            (_("Cameras"), "videocam", "cameras.camera"),
            (_("Mosaics"), "grid_view", "mosaics.mosaic"),
            (_("Alarms"), "notifications", "observers.alarm"),
            (_("Recording sessions"), "history", "recording.recordingsession"),
            (_("Segments"), "movie", "recording.segment"),
            (_("Gaps"), "broken_image", "recording.gap"),
            (_("Forecasts"), "timeline", "recording.forecast"),
        ],
    ),
    (
        _("Retention"),
        [
            (_("Retention policies"), "schedule", "recording.retentionpolicy"),
            (_("Holds"), "lock", "recording.hold"),
            (_("Deletions"), "delete_sweep", "recording.deletion"),
            (_("Deletion records"), "verified", "recording.deletionrecord"),
        ],
    ),
    (
        _("People"),
        [
            (_("Memberships"), "badge", "cities.membership"),
            (_("Cities"), "location_city", "cities.city"),
            (_("Accounts"), "person", "cities.user"),
            (_("API tokens"), "key", "cities.apitoken"),
            (_("Second steps"), "phonelink_lock", "otp_totp.totpdevice"),
            (_("Failed sign-ins"), "lock_clock", "axes.accessattempt"),
            (_("Audit log"), "policy", "cities.auditentry"),
        ],
    ),
    (
        _("Platform"),
        [
            (_("Media servers"), "dns", "cameras.mediaserver"),
            (_("Storage"), "hard_drive", "recording.storage"),
            (_("Unknown paths"), "question_mark", "observers.unknownpath"),
            (_("Schedule"), "schedule", "django_celery_beat.periodictask"),
        ],
    ),
]


def build_navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """Give unfold's sidebar with the groups and pages that the caller may open."""
    registry = admin.site._registry  # noqa: SLF001 -- it has no public reader in Django 5.2
    allowed = {page.opts.label_lower for page in registry.values() if page.has_module_permission(request)}
    groups = [(title, [item for item in items if item[2] in allowed]) for title, items in _GROUPS]
    return [_describe_pages(request), *(_describe_group(title, items) for title, items in groups if items)]


def name_stylesheet(request: HttpRequest) -> str:  # noqa: ARG001 -- unfold's signature
    """Give the address of our own additions to the administration's look."""
    return static("pages/admin.css")


def name_icon(request: HttpRequest) -> str:  # noqa: ARG001 -- unfold's signature
    """Give the address of the installation's icon."""
    return static("pages/logo.svg")


def show_icon(request: HttpRequest) -> HttpResponse:
    """Lead browsers to the icon that ask for it by the oldest name: at the API's answers, and its documentation."""
    return redirect(name_icon(request))


def _describe_pages(request: HttpRequest) -> dict[str, Any]:
    pages = [
        (_("Live wall"), "grid_view", "/"),
        (_("Cameras"), "videocam", reverse("cameras")),
        (_("Replay"), "play_circle", reverse("replay")),
        (_("Status"), "monitor_heart", reverse("status")),
        (_("Coverage"), "event_available", reverse("coverage")),
    ]
    if request.user.is_superuser:
        pages.append((_("Open a city"), "lock_open", reverse("break-glass")))
    return {"items": [{"title": title, "icon": icon, "link": link, "active": False} for title, icon, link in pages]}


def _describe_group(title: Any, items: list[_Page]) -> dict[str, Any]:
    return {
        "title": title,
        "separator": True,
        "items": [
            {"title": text, "icon": icon, "link": reverse(f"admin:{label.replace('.', '_')}_changelist")}
            for text, icon, label in items
        ],
    }
