"""Addresses of the pages of the list of cameras."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
