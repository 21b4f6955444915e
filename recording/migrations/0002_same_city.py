from django.db import migrations

from cities.same_city import keep_same_city


class Migration(migrations.Migration):
    dependencies = [("recording", "0001_initial"), ("cameras", "0002_initial")]

    operations = [keep_same_city("recording_recordingsession", "camera_id", "cameras_camera")]
