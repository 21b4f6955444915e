"""Addresses of footage's bytes."""

from django.urls import path

from footage.playlist import NAMES
from replay.views import give_init, give_media

urlpatterns = [
    path("<str:token>/init.mp4", give_init, name="footage_init"),
    *(path(f"<str:token>/{name}", give_media, name="footage_media") for name in NAMES),
]
