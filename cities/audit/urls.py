"""The API's addresses of the audit log."""

from django.urls import path

from cities.audit.api import AuditFileView, AuditView

urlpatterns = [
    path("audit", AuditView.as_view(), name="api-audit"),
    path("audit.csv", AuditFileView.as_view(), name="api-audit-file"),
]
