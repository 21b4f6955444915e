"""The API's addresses of alarms."""

from django.urls import path

from observers.alarms.api import AlarmsView, AlarmView

urlpatterns = [
    path("alarms", AlarmsView.as_view(), name="alarms"),
    path("alarms/<int:alarm_id>", AlarmView.as_view(), name="alarm"),
]
