"""Where media servers ask; mounted below /media/."""

from django.urls import path

from streams.access.views import authorise

urlpatterns = [path("authorise", authorise, name="media-authorise")]
