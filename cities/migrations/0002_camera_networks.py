from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

import cities.models

# What is no list of networks cannot be stored, whoever writes it; Django cannot declare the cast.
CHECK = """
ALTER TABLE cities_city ADD CONSTRAINT camera_networks_are_networks
CHECK (cardinality(camera_networks) <= 64 AND (camera_networks::text[])::cidr[] IS NOT NULL)
"""


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='city',
            name='camera_networks',
            field=ArrayField(
                base_field=models.CharField(max_length=43, validators=[cities.models.check_network]),
                blank=True,
                default=list,
                help_text='Where cameras may be pulled from, such as 10.20.0.0/16, separated by commas. Empty: anywhere but this machine. 127.0.0.0/8 allows this machine too. Link-local addresses and our own services are never pulled.',
                size=64,
                verbose_name='networks of its cameras',
            ),
        ),
        migrations.RunSQL(CHECK, "ALTER TABLE cities_city DROP CONSTRAINT camera_networks_are_networks"),
    ]
