"""Add bookmarks and experiences."""

import django.db.models.deletion
import insights.models.conversations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("insights", "0013_management"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='change',
            name='kind',
            field=models.CharField(choices=[('conversation', 'Conversation'), ('member', 'Member'), ('members_merged', 'Members Merged'), ('speakers', 'Speakers'), ('message', 'Message'), ('message_split', 'Message Split'), ('messages_joined', 'Messages Joined'), ('insight', 'Insight'), ('insight_added', 'Insight Added'), ('bookmark', 'Bookmark')], max_length=32),
        ),
        migrations.CreateModel(
            name='Bookmark',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('label', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True, default='')),
                ('user_id', models.CharField(blank=True, default='', help_text='What the client calls the person; no account of ours.', max_length=320)),
                ('user_name', models.CharField(blank=True, default='', max_length=320)),
                ('user_email', models.CharField(blank=True, default='', max_length=320)),
                ('begin_s', models.FloatField(blank=True, help_text='Empty: the bookmark has messages instead.', null=True)),
                ('duration_s', models.FloatField(blank=True, null=True)),
                ('created_at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bookmarks', to='insights.conversation')),
                ('created_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['conversation_id', 'created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='BookmarkReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('bookmark', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='references', to='insights.bookmark')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='bookmark_references', to='insights.message')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='bookmark',
            name='messages',
            field=models.ManyToManyField(related_name='bookmarks', through='insights.BookmarkReference', to='insights.message'),
        ),
        migrations.CreateModel(
            name='Experience',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=64)),
                ('background', models.CharField(blank=True, default='', help_text='A colour such as #ffcc00; empty: that of the portal.', max_length=7)),
                ('topics_colour', models.CharField(blank=True, default='', max_length=7)),
                ('insights_colour', models.CharField(blank=True, default='', max_length=7)),
                ('font', models.CharField(blank=True, default='', help_text="A font that the reader's device has; none is loaded.", max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('expires_at', models.DateTimeField(blank=True, null=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='experiences', to='insights.conversation')),
            ],
            options={
                'ordering': ['conversation_id', 'created_at', 'id'],
            },
        ),
        migrations.AddConstraint(
            model_name='bookmarkreference',
            constraint=models.UniqueConstraint(fields=('bookmark', 'message'), name='bookmark_reference_unique'),
        ),
        migrations.AddConstraint(
            model_name='bookmark',
            constraint=models.CheckConstraint(condition=models.Q(('label', ''), _negated=True), name='bookmark_has_a_label'),
        ),
        migrations.AddConstraint(
            model_name='bookmark',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('begin_s', None), ('duration_s', None)), models.Q(('begin_s__gte', 0), ('duration_s__gte', 0)), _connector='OR'), name='bookmark_has_begin_and_duration'),
        ),
        migrations.AddConstraint(
            model_name='bookmark',
            constraint=models.CheckConstraint(condition=models.Q(('id__gte', 1000000000000000), ('id__lte', 9007199254740991)), name='bookmark_id_has_16_digits'),
        ),
        migrations.AddConstraint(
            model_name='experience',
            constraint=models.CheckConstraint(condition=models.Q(('background', ''), ('background__regex', '^#[0-9a-f]{6}$'), _connector='OR'), name='experience_background_valid'),
        ),
        migrations.AddConstraint(
            model_name='experience',
            constraint=models.CheckConstraint(condition=models.Q(('topics_colour', ''), ('topics_colour__regex', '^#[0-9a-f]{6}$'), _connector='OR'), name='experience_topics_colour_valid'),
        ),
        migrations.AddConstraint(
            model_name='experience',
            constraint=models.CheckConstraint(condition=models.Q(('insights_colour', ''), ('insights_colour__regex', '^#[0-9a-f]{6}$'), _connector='OR'), name='experience_insights_colour_valid'),
        ),
        migrations.AddConstraint(
            model_name='experience',
            constraint=models.CheckConstraint(condition=models.Q(('font', ''), ('font__regex', '^[A-Za-z0-9][A-Za-z0-9 -]*$'), _connector='OR'), name='experience_font_valid'),
        ),
    ]
