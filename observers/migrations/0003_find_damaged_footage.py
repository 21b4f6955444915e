"""Makes damaged segments of the last day findable among millions: the alarms look for them every ten seconds."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('observers', '0002_alarms'),
        ('recording', '0004_kept_footage'),
    ]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX damaged_segment_by_time ON recording_segment (indexed_at) WHERE state = 'damaged'",
            "DROP INDEX damaged_segment_by_time",
        ),
    ]
