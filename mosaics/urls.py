"""Addresses of the wall of cameras."""

from django.urls import path

from mosaics.views import give_live_address, show_cards, show_states, show_wall, switch_camera_recording

urlpatterns = [
    path("", show_wall, name="wall"),
    path("wall/cards", show_cards, name="wall_cards"),
    path("wall/states", show_states, name="wall_states"),
    path("cameras/<uuid:camera_id>/live", give_live_address, name="live_address"),
    path("cameras/<uuid:camera_id>/recording", switch_camera_recording, name="switch_camera_recording"),
]
