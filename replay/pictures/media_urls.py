"""Addresses of pictures below a footage token."""

from django.urls import path

from replay.pictures.views import give_group, give_sheet

urlpatterns = [
    path("<str:token>/previews.jpg", give_sheet, name="footage_previews"),
    path("<str:token>/<int:offset>-<int:size>.ts", give_group, name="footage_group"),
]
