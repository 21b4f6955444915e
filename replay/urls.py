"""The API's addresses of played footage."""

from django.urls import include, path

from replay.api import PlaylistView, TimelinesView, TimelineView
from replay.listing import CameraDaysView, DaysView, RecordingsView

urlpatterns = [
    path("cameras/<uuid:camera_id>/timeline", TimelineView.as_view(), name="api-camera-timeline"),
    path("cameras/<uuid:camera_id>/replay.m3u8", PlaylistView.as_view(), name="api-playlist"),
    path("timeline", TimelinesView.as_view(), name="api-timelines"),
    path("cameras/<uuid:camera_id>/recordings", RecordingsView.as_view(), name="api-camera-recordings"),
    path("cameras/<uuid:camera_id>/days", CameraDaysView.as_view(), name="api-camera-days"),
    path("days", DaysView.as_view(), name="api-days"),
    path("", include("replay.pictures.urls")),
]
