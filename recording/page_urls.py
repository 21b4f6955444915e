"""Addresses of the pages of recording."""

from django.urls import path

from recording.gaps.views import show_coverage

urlpatterns = [path("coverage", show_coverage, name="coverage")]
