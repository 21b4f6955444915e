"""The API's addresses of streams."""

from django.urls import path

from streams.access.api import PublishingRenewalView, PublishingView
from streams.api import StreamsView, StreamView

urlpatterns = [
    path("cameras/<uuid:camera_id>/publishing", PublishingView.as_view(), name="api-publishing"),
    path("cameras/<uuid:camera_id>/publishing/rotate", PublishingRenewalView.as_view(), name="api-publishing-rotate"),
    path("streams", StreamsView.as_view(), name="api-streams"),
    path("streams/<uuid:camera_id>", StreamView.as_view(), name="api-stream"),
]
