"""The language of a message, and its translation into English."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0040_sample_conversations'),
    ]

    operations = [
        migrations.AddField(
            model_name='message',
            name='language',
            field=models.CharField(blank=True, db_default='', default='', help_text='Empty: that of the conversation.', max_length=35),
        ),
        migrations.AddField(
            model_name='message',
            name='translation',
            field=models.TextField(blank=True, db_default='', default='', help_text='The text in English, where it was wanted.'),
        ),
    ]
