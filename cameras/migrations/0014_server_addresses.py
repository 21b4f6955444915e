"""A media server's addresses are read before they are taken; nothing in the database changes."""

from django.db import migrations, models

from cameras.models import check_rtsp_address, check_web_address

ADDRESSES = {
    "api_url": ("API address", check_web_address),
    "rtsp_url": ("RTSP address for our own ingest", check_rtsp_address),
    "public_rtsp_url": ("RTSP address for people and cameras", check_rtsp_address),
    "public_hls_url": ("HLS address for people", check_web_address),
    "public_webrtc_url": ("WebRTC address for people", check_web_address),
}


class Migration(migrations.Migration):
    dependencies = [("cameras", "0013_grace_since")]

    operations = [
        migrations.AlterField(
            model_name="mediaserver",
            name=name,
            field=models.CharField(max_length=255, validators=[check], verbose_name=words),
        )
        for name, (words, check) in ADDRESSES.items()
    ]
