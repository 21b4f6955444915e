"""Addresses of the pages of played footage."""

from django.urls import path

from replay.pages.views import show_camera, show_together

urlpatterns = [
    path("cameras/<uuid:camera_id>", show_camera, name="camera"),
    path("replay", show_together, name="replay"),
]
