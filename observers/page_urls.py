"""Addresses of the pages of the observers."""

from django.urls import path

from observers.status.views import give_facts, show_status, stream_events

urlpatterns = [
    path("status", show_status, name="status"),
    path("status/facts", give_facts, name="status_facts"),
    path("status/events", stream_events, name="status_events"),
]
