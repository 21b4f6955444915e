"""Addresses of the API of mosaics."""

from django.urls import path

from mosaics.api import MosaicsView, MosaicView

urlpatterns = [
    path("mosaics", MosaicsView.as_view(), name="api-mosaics"),
    path("mosaics/<uuid:mosaic_id>", MosaicView.as_view(), name="api-mosaic"),
]
