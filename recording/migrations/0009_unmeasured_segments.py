"""Segments of which no activity is known are found at once, and that there are none is seen at once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0008_segment_activity"),
    ]

    operations = [
        migrations.AddIndex(
            model_name='segment',
            index=models.Index(condition=models.Q(('activity', b''), ('state', 'ready')), fields=['-start'], name='unmeasured_segment_by_start'),
        ),
    ]
