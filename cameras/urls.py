"""The API's addresses of cameras."""

from django.urls import path

from cameras.api import CamerasView, CameraView

urlpatterns = [
    path("cameras", CamerasView.as_view(), name="api-cameras"),
    path("cameras/<uuid:camera_id>", CameraView.as_view(), name="api-camera"),
]
