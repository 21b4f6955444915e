"""Where MediaMTX's hooks arrive; mounted below /hooks/."""

from django.urls import path

from observers.views import receive_hook

urlpatterns = [path("mediamtx", receive_hook, name="mediamtx-hook")]
