"""Damaged segments are found at once, however much footage there is."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0012_holed_segments"),
    ]

    operations = [
        migrations.AddIndex(
            model_name='segment',
            index=models.Index(condition=models.Q(('state', 'damaged')), fields=['city', '-start'], name='damaged_segment_by_city'),
        ),
    ]
