"""The administration of the audit log: looked at only, by auditors and platform administrators."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, CityScopedAdmin, LookOnly, column
from cities.audit.queries import list_entries_with_platform
from cities.long_lists import DaysFilter, LongList
from cities.models import AuditAction, AuditEntry, Role


class _MonthFilter(DaysFilter):
    """The newest month: people ask for what was done weeks ago."""

    newest_days = 31


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, LongList, CityScopedAdmin):
    """Who did what, newest first."""

    role_to_view = Role.AUDITOR
    list_display = ["number", "at", "city", "actor", "address", "action_shown", "subject", "reason"]
    list_filter = [("at", _MonthFilter), CityFilter, "action"]
    list_select_related = ["city"]
    search_fields = ["actor", "subject", "address"]
    ordering = ["-at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[AuditEntry]:
        """Platform administrators see the platform's own chain too: sign-ins and accounts of nobody's city."""
        rows: QuerySet[AuditEntry] = super().get_queryset(request)
        return list_entries_with_platform().order_by(*self.ordering) if request.user.is_superuser else rows

    @column(_("action"), ordering="action")
    def action_shown(self, entry: AuditEntry) -> str:
        """What was done, in words."""
        return str(AuditAction(entry.action).label)
