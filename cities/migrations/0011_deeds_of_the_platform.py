"""What platform administrators do to the platform can be noted in the audit log."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('cities', '0010_accounts'),
    ]

    operations = [
        migrations.AlterField(
            model_name='auditentry',
            name='action',
            field=models.CharField(choices=[('signed_in', 'signed in'), ('signed_out', 'signed out'), ('second_step_set_up', 'set up the second step'), ('second_step_removed', 'took the second step away'), ('token_made', 'made an API token'), ('token_revoked', 'revoked an API token'), ('account_changed', 'changed an account'), ('platform_changed', 'changed the platform'), ('member_added', 'added a member'), ('member_changed', "changed a member's role"), ('member_removed', 'removed a member'), ('camera_added', 'added a camera'), ('camera_changed', 'changed a camera'), ('camera_removed', 'removed a camera'), ('group_made', 'made a group of cameras'), ('group_changed', 'changed a group of cameras'), ('group_removed', 'removed a group of cameras'), ('mosaic_made', 'made a mosaic'), ('mosaic_changed', 'changed a mosaic'), ('mosaic_removed', 'removed a mosaic'), ('publishing_read', "read a camera's password for publishing"), ('publishing_renewed', "renewed a camera's password for publishing"), ('stream_wished', 'switched a stream on'), ('stream_dropped', 'switched a stream off'), ('recording_on', 'switched recording on'), ('recording_off', 'switched recording off'), ('hold_made', 'held footage'), ('hold_released', 'released held footage'), ('policy_changed', 'changed how long footage is kept'), ('city_changed', 'changed the city'), ('deletions_signed_off', 'signed a deletion record off'), ('live_viewed', 'watched live pictures'), ('footage_viewed', 'watched footage'), ('audit_read', 'exported the audit log'), ('break_glass', 'opened the city as a platform administrator'), ('break_glass_ended', 'closed the city again as a platform administrator')], max_length=24, verbose_name='action'),
        ),
    ]
