"""The API's addresses of recording."""

from django.urls import path

from recording.api import RecordingView

urlpatterns = [
    path("cameras/<uuid:camera_id>/recording", RecordingView.as_view(), name="api-recording"),
]
