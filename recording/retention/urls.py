"""The API's addresses of retention."""

from django.urls import path

from recording.retention.api import (
    CameraRetentionView,
    CityRetentionView,
    DeletionRecordsView,
    DeletionsTableView,
    DeletionsView,
)

urlpatterns = [
    path("retention", CityRetentionView.as_view(), name="api-retention"),
    path("cameras/<uuid:camera_id>/retention", CameraRetentionView.as_view(), name="api-camera-retention"),
    path("deletions", DeletionRecordsView.as_view(), name="api-deletions"),
    path("deletions/<str:day>.csv", DeletionsTableView.as_view(), name="api-deletions-table"),
    path("deletions/<str:day>", DeletionsView.as_view(), name="api-deletions-day"),
]
