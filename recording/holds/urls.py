"""The API's addresses of holds."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
