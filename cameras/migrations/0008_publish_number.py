"""Which of its passwords a camera that publishes by itself has."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cameras', '0007_no_credentials_in_clear'),
    ]

    operations = [
        migrations.AddField(
            model_name='camera',
            name='publish_number',
            field=models.PositiveIntegerField(default=1, editable=False, verbose_name='number of its password for publishing'),
        ),
    ]
