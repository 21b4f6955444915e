"""Until when what cannot be replayed of a torn file was written, so that holds keep it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0013_damaged_segments"),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='claims_until',
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AddIndex(
            model_name='segment',
            index=models.Index(condition=models.Q(('claims_until__isnull', False)), fields=['camera', 'start'], name='torn_segment_by_camera'),
        ),
    ]
