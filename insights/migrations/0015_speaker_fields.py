"""Add the further fields of a member, and the options of a conversation that a start_request sets."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("insights", "0014_bookmarks"),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='webhook_url',
            field=models.CharField(blank=True, default='', help_text='Where a client wants the progress to be posted.', max_length=2048),
        ),
        migrations.AddField(
            model_name='member',
            name='attributes',
            field=models.JSONField(blank=True, default=dict, help_text='Further fields that the client gave: texts, numbers, truth values.'),
        ),
    ]
