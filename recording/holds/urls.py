"""The API's addresses of holds."""

from django.urls import path

from recording.holds.api import HoldsView, HoldView

urlpatterns = [
    path("holds", HoldsView.as_view(), name="api-holds"),
    path("holds/<uuid:hold_id>", HoldView.as_view(), name="api-hold"),
]
