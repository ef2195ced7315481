"""The session directory."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('insights', '0005_server_process'),
    ]

    operations = [
        migrations.CreateModel(
            name='DirectoryEntry',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.TextField()),
                ('webrtc_id_hash', models.CharField(help_text='SHA-256 of the id, hexadecimal.', max_length=64)),
                ('owner_id', models.BigIntegerField(blank=True, help_text='Id of the account; empty for an anonymous client.', null=True)),
                ('session', models.UUIDField(unique=True)),
                ('transport', models.CharField(max_length=16)),
                ('started_at', models.DateTimeField()),
                ('ended', models.BooleanField(default=False, help_text='The session has ended: its last outputs can be read, its id is free.')),
                ('process', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='insights.serverprocess')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('stream', 'webrtc_id_hash', 'owner_id'), name='directory_one_session_per_owner'), models.UniqueConstraint(condition=models.Q(('owner_id', None)), fields=('stream', 'webrtc_id_hash'), name='directory_one_anonymous_session')],
            },
        ),
    ]
