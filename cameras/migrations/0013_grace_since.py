"""A row of restarts of a media server knows when it began, so that its grace comes to an end."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cameras", "0012_narrowed")]

    operations = [
        migrations.AddField(
            model_name="mediaserver",
            name="grace_since",
            field=models.DateTimeField(editable=False, null=True, verbose_name="restart noticed at"),
        ),
    ]
