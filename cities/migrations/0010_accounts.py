"""People are accounts by their name in the administration, as they are in its sidebar."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0009_deeds_of_mosaics'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='user',
            options={'verbose_name': 'account', 'verbose_name_plural': 'accounts'},
        ),
    ]
