"""The API's addresses of cameras."""

from django.urls import path

from cameras.api import CamerasView, CameraView
from cameras.groups.api import GroupsView, GroupView

urlpatterns = [
    path("cameras", CamerasView.as_view(), name="api-cameras"),
    path("cameras/<uuid:camera_id>", CameraView.as_view(), name="api-camera"),
    path("groups", GroupsView.as_view(), name="api-groups"),
    path("groups/<uuid:group_id>", GroupView.as_view(), name="api-group"),
]
