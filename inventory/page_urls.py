"""Addresses of the pages of the list of cameras."""

from django.urls import path

from inventory.views.adding import add_camera, change_camera, read_test, test_connection
from inventory.views.discovering import ask_address, discover, read_address, show_discovered
from inventory.views.importing import confirm_import, try_table
from inventory.views.listing import export_cameras, show_cameras
from inventory.views.switching import show_switched, switch_chosen, undo_switched

urlpatterns = [
    path("cameras", show_cameras, name="cameras"),
    path("cameras.csv", export_cameras, name="export_cameras"),
    path("cameras/new", add_camera, name="add_camera"),
    path("cameras/<uuid:camera_id>/edit", change_camera, name="change_camera"),
    path("cameras/test", test_connection, name="test_connection"),
    path("cameras/test/<uuid:errand_id>", read_test, name="read_test"),
    path("cameras/discover", discover, name="discover_cameras"),
    path("cameras/discover/<uuid:errand_id>", show_discovered, name="discovered_cameras"),
    path("cameras/discover/<uuid:errand_id>/address", ask_address, name="ask_address"),
    path("cameras/discover/<uuid:search_id>/address/<uuid:errand_id>", read_address, name="read_address"),
    path("cameras/import", try_table, name="import_cameras"),
    path("cameras/import/<uuid:errand_id>", confirm_import, name="confirm_import"),
    path("cameras/switch", switch_chosen, name="switch_cameras"),
    path("cameras/switched/<uuid:errand_id>", show_switched, name="switched_cameras"),
    path("cameras/switched/<uuid:errand_id>/undo", undo_switched, name="undo_switched_cameras"),
]
