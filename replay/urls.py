"""The API's addresses of played footage."""

from django.urls import URLPattern, URLResolver, include, path

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("replay.pictures.urls")),
]
