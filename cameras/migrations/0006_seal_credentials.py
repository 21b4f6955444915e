"""Fill: seal what was stored in clear, and let cities whose cameras are on this machine keep them."""

from django.db import migrations
from django.db.models import Q

from cameras.credentials import open_parts, seal_parts
from ffmpeg.sources import mask_secret_parameters

BATCH = 500
FIELDS = ["source_url", "source_username", "source_password", "source_credentials"]
ON_THIS_MACHINE = r'^[a-z]+://(127\.|localhost|\[::1\])'
ANYWHERE_AND_HERE = ["127.0.0.0/8", "::1/128", "0.0.0.0/0", "::/0"]


def seal_all(apps, schema_editor):
    for batch in batches(apps, Q(source_credentials="") & ~Q(source_url="")):
        for camera in batch:
            shown = mask_secret_parameters(camera.source_url)
            if camera.source_username or camera.source_password or shown != camera.source_url:
                camera.source_credentials = seal_parts(
                    camera.pk, camera.source_url, camera.source_username, camera.source_password
                )
            camera.source_url, camera.source_username, camera.source_password = shown, "", ""
        apps.get_model("cameras", "Camera").objects.bulk_update(batch, FIELDS)


def open_all(apps, schema_editor):
    for batch in batches(apps, ~Q(source_credentials="")):
        for camera in batch:
            parts = open_parts(camera.source_credentials)
            camera.source_url, camera.source_credentials = parts["address"], ""
            camera.source_username, camera.source_password = parts["username"], parts["password"]
        apps.get_model("cameras", "Camera").objects.bulk_update(batch, FIELDS)


def keep_this_machine(apps, schema_editor):
    here = apps.get_model("cameras", "Camera").objects.filter(source_url__iregex=ON_THIS_MACHINE, removed_at=None)
    cities = apps.get_model("cities", "City").objects.filter(pk__in=here.values("city"), camera_networks=[])
    cities.update(camera_networks=ANYWHERE_AND_HERE)


def batches(apps, which):
    model = apps.get_model("cameras", "Camera")
    keys = list(model.objects.filter(which).order_by("pk").values_list("pk", flat=True))
    for start in range(0, len(keys), BATCH):
        yield list(model.objects.filter(pk__in=keys[start : start + BATCH]))


class Migration(migrations.Migration):

    dependencies = [
        ('cameras', '0005_source_credentials'),
    ]

    operations = [
        migrations.RunPython(seal_all, open_all),
        migrations.RunPython(keep_this_machine, migrations.RunPython.noop),
    ]
