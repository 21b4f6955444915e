"""Groups stay in their city; who may see only some cameras sees, and changes, only what belongs to those."""

from django.db import migrations

from cities.row_level_security import narrow_to_cameras, wall_off
from cities.same_city import keep_same_city


class Migration(migrations.Migration):
    dependencies = [("cameras", "0011_groups"), ("cities", "0008_narrowed_memberships")]

    operations = [
        wall_off("cameras_cameragroup"),
        wall_off("cameras_groupedcamera"),
        wall_off("cameras_groupmember"),
        keep_same_city("cameras_groupedcamera", "group_id", "cameras_cameragroup"),
        keep_same_city("cameras_groupedcamera", "camera_id", "cameras_camera"),
        keep_same_city("cameras_groupmember", "group_id", "cameras_cameragroup"),
        keep_same_city("cameras_groupmember", "membership_id", "cities_membership"),
        narrow_to_cameras("cameras_camera", "id"),
        narrow_to_cameras("cameras_cameraoutage"),
        narrow_to_cameras("cameras_groupedcamera"),
        narrow_to_cameras("cameras_cameragroup", None),
        narrow_to_cameras("cameras_groupmember", None),
    ]
