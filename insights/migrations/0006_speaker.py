"""Add the table of speakers, and the speaker of a message. Migration 0007 fills both, 0008 makes the speaker required."""

import uuid

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0005_server_process'),
    ]

    operations = [
        migrations.CreateModel(
            name='Speaker',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(help_text='1, 2, 3 … in the order in which the speakers first said something.')),
                ('source', models.UUIDField(blank=True, editable=False, help_text='The audio source; empty if it was not stored.', null=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='speakers', to='insights.conversation')),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='speakers', to='insights.member')),
            ],
            options={
                'ordering': ['conversation_id', 'number'],
                'constraints': [
                    models.UniqueConstraint(fields=('conversation', 'number'), name='speaker_number_unique'),
                    models.UniqueConstraint(condition=models.Q(('source__isnull', False)), fields=('conversation', 'source'), name='speaker_source_unique'),
                    models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='speaker_number_from_1'),
                ],
            },
        ),
        migrations.AddField(
            model_name='message',
            name='speaker',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.RESTRICT, related_name='messages', to='insights.speaker'),
        ),
    ]
