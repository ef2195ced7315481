"""Require the speaker of a message, and remove the member of a message, which is the member of its speaker."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0007_fill_speakers'),
    ]

    operations = [
        migrations.AlterField(
            model_name='message',
            name='speaker',
            field=models.ForeignKey(on_delete=django.db.models.deletion.RESTRICT, related_name='messages', to='insights.speaker'),
        ),
        migrations.RemoveField(
            model_name='message',
            name='member',
        ),
    ]
