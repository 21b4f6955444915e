"""The API's addresses of gaps and coverage."""

from django.urls import path

from recording.gaps.api import (
    CameraCoverageView,
    CameraGapsView,
    CoverageTableView,
    CoverageView,
    FootageView,
    GapsView,
)

urlpatterns = [
    path("cameras/<uuid:camera_id>/footage", FootageView.as_view(), name="api-footage"),
    path("cameras/<uuid:camera_id>/gaps", CameraGapsView.as_view(), name="api-camera-gaps"),
    path("cameras/<uuid:camera_id>/coverage", CameraCoverageView.as_view(), name="api-camera-coverage"),
    path("gaps", GapsView.as_view(), name="api-gaps"),
    path("coverage", CoverageView.as_view(), name="api-coverage"),
    path("coverage.csv", CoverageTableView.as_view(), name="api-coverage-table"),
]
