"""The API's addresses of played footage."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
