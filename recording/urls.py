"""The API's addresses of recording."""

from django.urls import include, path

from recording.api import RecordingView

urlpatterns = [
    path("cameras/<uuid:camera_id>/recording", RecordingView.as_view(), name="api-recording"),
    path("", include("recording.retention.urls")),
    path("", include("recording.holds.urls")),
    path("", include("recording.gaps.urls")),
    path("", include("recording.storage.urls")),
]
