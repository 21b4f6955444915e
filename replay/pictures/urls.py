"""The API's addresses of pictures."""

from django.urls import path

from replay.pictures.api import FrameView, PreviewsView

urlpatterns = [
    path("cameras/<uuid:camera_id>/frame.jpg", FrameView.as_view(), name="api-frame"),
    path("cameras/<uuid:camera_id>/previews", PreviewsView.as_view(), name="api-previews"),
]
