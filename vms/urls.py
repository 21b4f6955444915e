"""Every URL of the project, by room."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from vms.health import HealthView, ReadyView

urlpatterns = [
    path("", include("mosaics.urls")),
    path("", include("replay.page_urls")),
    path("", include("inventory.page_urls")),
    path("", include("cities.page_urls")),
    path("", include("recording.page_urls")),
    path("", include("observers.page_urls")),
    path("admin/", admin.site.urls),
    path("hooks/", include("observers.urls")),
    path("media/", include("streams.access.urls")),
    path("footage/", include("replay.media_urls")),
    path("api/v1/", include("cities.urls")),
    path("api/v1/", include("cameras.urls")),
    path("api/v1/", include("recording.urls")),
    path("api/v1/", include("streams.urls")),
    path("api/v1/", include("observers.alarms.urls")),
    path("api/v1/", include("mosaics.api_urls")),
    path("api/v1/", include("replay.urls")),
    path("api/v1/", include("inventory.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="api-schema"), name="api-docs"),
    path("health", HealthView.as_view(), name="health"),
    path("health/ready", ReadyView.as_view(), name="health-ready"),
]

handler400 = "vms.failures.answer_bad_request"
handler403 = "vms.failures.answer_forbidden"
handler404 = "vms.failures.answer_not_found"
handler500 = "vms.failures.answer_failure"
