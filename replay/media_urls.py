"""Addresses of footage's bytes."""

from django.urls import path

from replay.views import give_init, give_media

urlpatterns = [
    path("<str:token>/init.mp4", give_init, name="footage_init"),
    path("<str:token>/media.mp4", give_media, name="footage_media"),
]
