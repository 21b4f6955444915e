"""The API's addresses of pictures."""

from django.urls import path

from replay.pictures.api import FrameView

urlpatterns = [
    path("cameras/<uuid:camera_id>/frame.jpg", FrameView.as_view(), name="api-frame"),
]
