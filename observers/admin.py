"""Paths in MediaMTX that belong to no camera, shown to platform administrators: a typing error, or a stranger."""

from django.contrib import admin

from cities.admin import LookOnly, PlatformAdmin
from observers.alarms import admin as _alarms  # noqa: F401 -- registers its pages
from observers.models import UnknownPath


@admin.register(UnknownPath)
class UnknownPathAdmin(LookOnly, PlatformAdmin):
    """Looked at only; nothing here ever deletes a path."""

    list_display = ["name", "media_server", "first_seen_at", "gone_at"]
    list_filter = ["media_server"]
    list_select_related = ["media_server"]
    search_fields = ["name"]
    ordering = ["-first_seen_at"]
