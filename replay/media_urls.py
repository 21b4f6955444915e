"""Addresses of footage's bytes."""

from django.urls import include, path

from footage.playlist import INIT, NAMES
from replay.views import give_init, give_media

urlpatterns = [
    path(f"<str:token>/{INIT}", give_init, name="footage_init"),
    *(path(f"<str:token>/{name}", give_media, name="footage_media") for name in NAMES),
    path("", include("replay.pictures.media_urls")),
]
