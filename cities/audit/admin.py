"""The administration of the audit log: looked at only, by auditors and platform administrators."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from cities.admin import CityFilter, CityScopedAdmin, LookOnly, column
from cities.models import AuditAction, AuditEntry, Role


@admin.register(AuditEntry)
class AuditEntryAdmin(LookOnly, CityScopedAdmin):
    """Who did what, newest first."""

    role_to_view = Role.AUDITOR
    list_display = ["number", "at", "city", "actor", "address", "action_shown", "subject", "reason"]
    list_filter = [CityFilter, "action"]
    list_select_related = ["city"]
    search_fields = ["actor", "subject", "address"]
    date_hierarchy = "at"
    ordering = ["-at"]
    show_full_result_count = False

    @column(_("action"), ordering="action")
    def action_shown(self, entry: AuditEntry) -> str:
        """What was done, in words."""
        return str(AuditAction(entry.action).label)
