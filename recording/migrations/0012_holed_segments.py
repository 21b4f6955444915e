"""Segments with holes are found at once, and that there are none is seen at once."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0011_segment_holes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name='segment',
            index=models.Index(condition=models.Q(('holes__gt', b'')), fields=['camera', 'start'], name='holed_segment_by_camera'),
        ),
    ]
