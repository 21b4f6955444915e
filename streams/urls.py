"""The API's addresses of streams."""

from django.urls import path

from streams.api import StreamsView, StreamView

urlpatterns = [
    path("streams", StreamsView.as_view(), name="api-streams"),
    path("streams/<uuid:camera_id>", StreamView.as_view(), name="api-stream"),
]
