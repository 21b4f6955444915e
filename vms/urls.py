"""Every URL of the project, by room."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularSwaggerSplitView

from vms.description import DescriptionView
from vms.health import HealthView, ReadyView
from vms.navigation import show_icon

# What is asked most comes first, here and below: each address is held against one line after the other.
API = [
    path("", include("replay.urls")),
    path("", include("cameras.urls")),
    path("", include("recording.urls")),
    path("", include("streams.urls")),
    path("", include("observers.alarms.urls")),
    path("", include("mosaics.api_urls")),
    path("", include("cities.urls")),
    path("", include("inventory.urls")),
]

urlpatterns = [
    path("api/v1/", include(API)),
    path("footage/", include("replay.media_urls")),
    path("media/", include("streams.access.urls")),
    path("hooks/", include("observers.urls")),
    path("", include("mosaics.urls")),
    path("", include("replay.page_urls")),
    path("", include("inventory.page_urls")),
    path("", include("cities.page_urls")),
    path("", include("recording.page_urls")),
    path("", include("observers.page_urls")),
    path("admin/", admin.site.urls),
    path("api/schema/", DescriptionView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("favicon.ico", show_icon, name="icon"),
    path("health", HealthView.as_view(), name="health"),
    path("health/ready", ReadyView.as_view(), name="health-ready"),
]

handler400 = "vms.failures.answer_bad_request"
handler403 = "vms.failures.answer_forbidden"
handler404 = "vms.failures.answer_not_found"
handler500 = "vms.failures.answer_failure"
