from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recording", "0004_kept_footage")]

    operations = [
        migrations.AddField(
            model_name="segment",
            name="held_problem",
            field=models.CharField(blank=True, db_default="", max_length=8, verbose_name="problem of holding it"),
        ),
    ]
