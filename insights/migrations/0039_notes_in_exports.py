"""Whether an export has the private notes of its account in it."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0038_review_figures'),
    ]

    operations = [
        migrations.AddField(
            model_name='export',
            name='notes',
            field=models.BooleanField(db_default=False, default=False, help_text='With the private notes of the account that asked for it.'),
        ),
    ]
