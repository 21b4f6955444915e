"""Which stretches were deleted, exactly; of older rows only the first and the last moment are known."""

from django.db import migrations, models

import recording.fields


class Migration(migrations.Migration):

    dependencies = [
        ("recording", "0009_unmeasured_segments"),
    ]

    operations = [
        migrations.AddField(
            model_name='deletion',
            name='spans',
            field=recording.fields.SpansField(editable=False, null=True),
        ),
        migrations.AddField(
            model_name='deletion',
            name='damaged',
            field=recording.fields.SpansField(editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='deletion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('damaged', None), ('spans', None)), models.Q(('damaged__isnull', False), ('spans__isnull', False)), _connector='OR'), name='deletion_is_known_exactly_or_not'),
        ),
    ]
