"""The API's addresses of gaps and coverage."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
