"""The API's addresses of alarms."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
