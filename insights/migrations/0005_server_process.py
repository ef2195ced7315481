"""Sessions point to the process that has them. Existing sessions get none: they are stale, since the server was stopped for the upgrade.

Backwards, sessions are removed: they are stale too, and the columns that come back have no value for them.
"""

import django.db.models.deletion
from django.db import migrations, models


def remove_sessions(apps, schema_editor):
    apps.get_model('insights', 'LiveSession').objects.using(schema_editor.connection.alias).all().delete()


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0004_kinds_of_insights'),
    ]

    operations = [
        migrations.CreateModel(
            name='ServerProcess',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('name', models.CharField(help_text='Host name and process id.', max_length=200)),
                ('channel', models.CharField(help_text='Its channel of the channel layer; empty where there is no other process.', max_length=200)),
                ('seen_at', models.DateTimeField(help_text='Last heartbeat, by the clock of the database.')),
            ],
        ),
        migrations.RemoveIndex(
            model_name='livesession',
            name='live_session_seen',
        ),
        migrations.RemoveField(
            model_name='livesession',
            name='seen_at',
        ),
        migrations.RemoveField(
            model_name='livesession',
            name='process',
        ),
        migrations.AddField(
            model_name='livesession',
            name='process',
            field=models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='live_sessions', to='insights.serverprocess'),
        ),
        migrations.RunPython(migrations.RunPython.noop, remove_sessions),
    ]
