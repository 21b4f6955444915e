"""Expand: a place for what a source address keeps secret, encrypted."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cameras', '0004_outages'),
        ('cities', '0002_camera_networks'),
    ]

    operations = [
        migrations.AddField(
            model_name='camera',
            name='source_credentials',
            field=models.TextField(blank=True, default='', editable=False, verbose_name='source credentials, encrypted'),
        ),
    ]
