"""Where a segment holds no picture although its file goes on."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0010_deleted_spans"),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='holes',
            field=models.BinaryField(db_default=b'', default=b''),
        ),
    ]
