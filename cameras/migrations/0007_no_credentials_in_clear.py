"""Tighten: the columns in clear go, and so do the old versions of the rows that still hold them on disk."""

from django.db import migrations, models


class Migration(migrations.Migration):

    # VACUUM runs outside of transactions only.
    atomic = False

    dependencies = [
        ('cameras', '0006_seal_credentials'),
    ]

    operations = [
        migrations.RemoveField(model_name='camera', name='source_username'),
        migrations.RemoveField(model_name='camera', name='source_password'),
        migrations.AlterField(
            model_name='camera',
            name='source_credentials',
            field=models.TextField(blank=True, editable=False, verbose_name='source credentials, encrypted'),
        ),
        migrations.RunSQL('VACUUM FULL "cameras_camera"', migrations.RunSQL.noop),
    ]
