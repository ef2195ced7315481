"""Names of the models that the admin shows, for translation."""

from django.db import migrations


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0042_voice_profiles'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='deletion',
            options={'ordering': ['-at', '-id'], 'verbose_name': 'deletion', 'verbose_name_plural': 'deletions'},
        ),
        migrations.AlterModelOptions(
            name='conversation',
            options={'ordering': ['-started_at', '-id'], 'verbose_name': 'conversation', 'verbose_name_plural': 'conversations'},
        ),
        migrations.AlterModelOptions(
            name='insight',
            options={'ordering': ['conversation_id', 'message__number', 'type', 'id'], 'verbose_name': 'insight', 'verbose_name_plural': 'insights'},
        ),
        migrations.AlterModelOptions(
            name='app',
            options={'ordering': ['-created_at'], 'verbose_name': 'app', 'verbose_name_plural': 'apps'},
        ),
        migrations.AlterModelOptions(
            name='accounttracker',
            options={'ordering': ['created_at', 'id'], 'verbose_name': 'account tracker', 'verbose_name_plural': 'account trackers'},
        ),
        migrations.AlterModelOptions(
            name='accountentity',
            options={'ordering': ['created_at', 'id'], 'verbose_name': 'account entity', 'verbose_name_plural': 'account entities'},
        ),
        migrations.AlterModelOptions(
            name='conversationgroup',
            options={'ordering': ['created_at', 'id'], 'verbose_name': 'conversation group', 'verbose_name_plural': 'conversation groups'},
        ),
    ]
