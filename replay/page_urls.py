"""Addresses of the pages of played footage."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
