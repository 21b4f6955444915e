"""The Celery application; `celery -A vms worker` and `celery -A vms beat` start here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vms.settings")

app = Celery("vms")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Rooms within rooms: Celery looks for tasks in installed apps only.
app.autodiscover_tasks(
    [
        "recording.retention",
        "recording.holds",
        "recording.gaps",
        "recording.storage",
        "replay.pictures",
        "observers.alarms",
        "streams.access",
    ]
)
