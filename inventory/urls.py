"""The API's addresses of the list of cameras."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
