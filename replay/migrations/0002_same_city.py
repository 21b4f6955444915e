"""No row points into another city, and Postgres itself keeps the cities apart; see docs/design/0016."""

from django.db import migrations

from cities.row_level_security import narrow_to_cameras, wall_off
from cities.same_city import keep_same_city


class Migration(migrations.Migration):
    dependencies = [("replay", "0001_initial"), ("cameras", "0002_initial")]

    operations = [
        keep_same_city("replay_segmentpicture", "camera_id", "cameras_camera"),
        wall_off("replay_segmentpicture"),
        narrow_to_cameras("replay_segmentpicture"),
    ]
