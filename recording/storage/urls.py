"""The API's addresses of the disks."""

from django.urls import path

from recording.storage.api import ForecastView

urlpatterns = [path("forecast", ForecastView.as_view(), name="api-forecast")]
