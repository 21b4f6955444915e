"""Reads of the audit log."""

from django.db.models import QuerySet

from cities.models import AuditEntry
from cities.scope import every_city


def list_entries_with_platform() -> QuerySet[AuditEntry]:
    """Give the entries of the cities in scope and those of the platform's own chain."""
    of_cities = AuditEntry.objects.all()
    with every_city("the platform's own chain belongs to no city"):
        return of_cities | AuditEntry.objects.filter(city=None)
