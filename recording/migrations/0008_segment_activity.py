"""How much moves in a segment, a byte for each stretch of it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0007_narrowed"),
    ]

    operations = [
        migrations.AddField(
            model_name='segment',
            name='activity',
            field=models.BinaryField(db_default=b'', default=b''),
        ),
    ]
