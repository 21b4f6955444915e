"""The API's addresses of retention."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
