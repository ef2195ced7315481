"""Create the tables."""

import django.db.models.deletion
import insights.models.conversations
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Conversation',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('connection_id', models.CharField(help_text='The name that clients gave the live connection.', max_length=512)),
                ('name', models.CharField(max_length=500)),
                ('type', models.CharField(default='meeting', max_length=32)),
                ('language', models.CharField(default='en-US', max_length=35)),
                ('timezone_offset', models.SmallIntegerField(default=0, help_text='Minutes east of UTC.')),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(blank=True, null=True)),
                ('closes_at', models.DateTimeField(blank=True, help_text='Nobody is connected; ends then unless somebody comes back.', null=True)),
                ('last_event', models.BigIntegerField(default=0)),
                ('message_count', models.PositiveIntegerField(default=0)),
                ('metadata', models.JSONField(blank=True, default=dict)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversations', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-started_at', '-id'],
            },
        ),
        migrations.CreateModel(
            name='Event',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.BigIntegerField()),
                ('kind', models.CharField(max_length=32)),
                ('payload', models.JSONField()),
                ('created_at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='events', to='insights.conversation')),
            ],
            options={
                'ordering': ['conversation_id', 'number'],
            },
        ),
        migrations.CreateModel(
            name='Member',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_id', models.CharField(blank=True, default='', help_text='What the client calls this person; no account of ours.', max_length=320)),
                ('name', models.CharField(blank=True, default='', max_length=320)),
                ('email', models.CharField(blank=True, default='', max_length=320)),
                ('joined_at', models.DateTimeField(auto_now_add=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='members', to='insights.conversation')),
            ],
            options={
                'ordering': ['joined_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='LiveSession',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('process', models.CharField(help_text='Name of the server process that holds the connection.', max_length=200)),
                ('joined_at', models.DateTimeField()),
                ('seen_at', models.DateTimeField(help_text='Last heartbeat.')),
                ('keep_s', models.PositiveIntegerField(default=0, help_text='How long the conversation waits when this was the last connection and it got lost.')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='live_sessions', to='insights.conversation')),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='live_sessions', to='insights.member')),
            ],
        ),
        migrations.CreateModel(
            name='Message',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('number', models.PositiveIntegerField(editable=False, help_text='1, 2, 3 … in the order of storing.')),
                ('text', models.TextField()),
                ('original_text', models.TextField(blank=True, default='', help_text='What was heard, where the text was changed since.')),
                ('words', models.JSONField(blank=True, default=list)),
                ('confidence', models.FloatField(default=0)),
                ('started_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('offset_s', models.FloatField(default=0)),
                ('duration_s', models.FloatField(default=0)),
                ('sentiment', models.FloatField(default=0)),
                ('phrases', models.JSONField(blank=True, default=list, help_text='Action phrases in the text.')),
                ('corrected_at', models.DateTimeField(blank=True, null=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='insights.conversation')),
                ('corrected_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('member', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='messages', to='insights.member')),
            ],
            options={
                'ordering': ['conversation_id', 'number'],
            },
        ),
        migrations.CreateModel(
            name='Insight',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(choices=[('question', 'Question'), ('action_item', 'Action Item'), ('follow_up', 'Follow Up')], max_length=16)),
                ('text', models.TextField()),
                ('original_text', models.TextField(blank=True, default='', help_text='What was found, where a person reworded it.')),
                ('confidence', models.FloatField()),
                ('assignee_name', models.CharField(blank=True, default='', max_length=320)),
                ('due_at', models.DateTimeField(blank=True, null=True)),
                ('definitive', models.BooleanField(default=False)),
                ('action_phrase', models.TextField(blank=True, default='')),
                ('tags', models.JSONField(blank=True, default=list)),
                ('hints', models.JSONField(blank=True, default=list)),
                ('entities', models.JSONField(blank=True, default=list)),
                ('review', models.CharField(choices=[('pending', 'Pending'), ('accepted', 'Accepted'), ('rejected', 'Rejected')], default='pending', max_length=8)),
                ('reviewed_at', models.DateTimeField(blank=True, null=True)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='insights', to='insights.conversation')),
                ('reviewed_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('assignee', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='assigned', to='insights.member')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='insights', to='insights.message')),
            ],
            options={
                'ordering': ['conversation_id', 'message__number', 'type', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Entity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('type', models.CharField(max_length=32)),
                ('text', models.TextField()),
                ('offset', models.PositiveIntegerField(help_text="First character in the message's text, from 0.")),
                ('value', models.JSONField(default=dict)),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entities', to='insights.message')),
            ],
            options={
                'verbose_name_plural': 'entities',
                'ordering': ['message_id', 'offset', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Topic',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('text', models.CharField(max_length=300)),
                ('score', models.FloatField()),
                ('sentiment', models.FloatField(default=0)),
                ('parent_text', models.CharField(blank=True, default='', max_length=300)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='topics', to='insights.conversation')),
            ],
            options={
                'ordering': ['conversation_id', '-score', 'text'],
            },
        ),
        migrations.CreateModel(
            name='TopicReference',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='topic_references', to='insights.message')),
                ('topic', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='references', to='insights.topic')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddField(
            model_name='topic',
            name='messages',
            field=models.ManyToManyField(related_name='topics', through='insights.TopicReference', to='insights.message'),
        ),
        migrations.CreateModel(
            name='TrackerMatch',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('tracker_name', models.CharField(max_length=320)),
                ('tracker_id', models.CharField(max_length=64)),
                ('value', models.TextField(help_text="The phrase of the tracker's vocabulary.")),
                ('text', models.TextField(help_text='What was said.')),
                ('offset', models.IntegerField(help_text='First character in the text, from 0; -1: similar words, no exact place.')),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tracker_matches', to='insights.conversation')),
                ('insight', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='tracker_matches', to='insights.insight')),
                ('message', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='tracker_matches', to='insights.message')),
            ],
            options={
                'verbose_name_plural': 'tracker matches',
                'ordering': ['conversation_id', 'message__number', 'offset', 'id'],
            },
        ),
        migrations.CreateModel(
            name='App',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('app_id', models.CharField(editable=False, max_length=64, unique=True)),
                ('secret_hash', models.CharField(editable=False, help_text='SHA-256 of the secret, in hexadecimal.', max_length=64)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('revoked_at', models.DateTimeField(blank=True, help_text='Set: neither the secret nor any token of this app is accepted.', null=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='apps', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at'],
                'constraints': [models.CheckConstraint(condition=models.Q(('app_id__regex', '^[0-9a-zA-Z]{64}$')), name='app_id_is_64_alphanumerics')],
            },
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['owner', 'started_at'], name='conversation_owner_start'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['closes_at'], name='conversation_closing'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.UniqueConstraint(condition=models.Q(('ended_at', None)), fields=('owner', 'connection_id'), name='one_live_conversation_per_connection'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.CheckConstraint(condition=models.Q(('id__gte', 1000000000000000), ('id__lte', 9007199254740991)), name='conversation_id_has_16_digits'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at', None), ('ended_at__gte', models.F('started_at')), _connector='OR'), name='conversation_ends_after_start'),
        ),
        migrations.AddConstraint(
            model_name='conversation',
            constraint=models.CheckConstraint(condition=models.Q(('last_event__gte', 0)), name='conversation_last_event_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.UniqueConstraint(fields=('conversation', 'number'), name='event_number_unique'),
        ),
        migrations.AddConstraint(
            model_name='event',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='event_number_from_1'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(condition=models.Q(('user_id', ''), _negated=True), fields=('conversation', 'user_id'), name='member_unique_user_id'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(condition=models.Q(('user_id', ''), models.Q(('email', ''), _negated=True)), fields=('conversation', 'email'), name='member_unique_email'),
        ),
        migrations.AddConstraint(
            model_name='member',
            constraint=models.UniqueConstraint(condition=models.Q(('email', ''), ('user_id', '')), fields=('conversation', 'name'), name='member_unique_name'),
        ),
        migrations.AddIndex(
            model_name='livesession',
            index=models.Index(fields=['seen_at'], name='live_session_seen'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.UniqueConstraint(fields=('conversation', 'number'), name='message_number_unique'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='message_number_from_1'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__gte', 0), ('confidence__lte', 1)), name='message_confidence_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('sentiment__gte', -1), ('sentiment__lte', 1)), name='message_sentiment_within_1'),
        ),
        migrations.AddConstraint(
            model_name='message',
            constraint=models.CheckConstraint(condition=models.Q(('ended_at__gte', models.F('started_at'))), name='message_ends_after_start'),
        ),
        migrations.AddIndex(
            model_name='insight',
            index=models.Index(fields=['conversation', 'type'], name='insight_conversation_type'),
        ),
        migrations.AddIndex(
            model_name='insight',
            index=models.Index(fields=['type', 'confidence'], name='insight_type_confidence'),
        ),
        migrations.AddConstraint(
            model_name='insight',
            constraint=models.CheckConstraint(condition=models.Q(('type__in', ['question', 'action_item', 'follow_up'])), name='insight_type_known'),
        ),
        migrations.AddConstraint(
            model_name='insight',
            constraint=models.CheckConstraint(condition=models.Q(('review__in', ['pending', 'accepted', 'rejected'])), name='insight_review_known'),
        ),
        migrations.AddConstraint(
            model_name='insight',
            constraint=models.CheckConstraint(condition=models.Q(('confidence__gte', 0), ('confidence__lte', 1)), name='insight_confidence_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='insight',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('review', 'pending'), ('reviewed_at', None)), models.Q(models.Q(('review', 'pending'), _negated=True), ('reviewed_at__isnull', False)), _connector='OR'), name='insight_review_has_a_time'),
        ),
        migrations.AddConstraint(
            model_name='topicreference',
            constraint=models.UniqueConstraint(fields=('topic', 'message'), name='topic_reference_unique'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.UniqueConstraint(fields=('conversation', 'text'), name='topic_text_unique'),
        ),
        migrations.AddConstraint(
            model_name='topic',
            constraint=models.CheckConstraint(condition=models.Q(('score__gte', 0), ('score__lte', 1)), name='topic_score_0_to_1'),
        ),
        migrations.AddConstraint(
            model_name='trackermatch',
            constraint=models.CheckConstraint(condition=models.Q(('offset__gte', -1)), name='tracker_offset_from_minus_1'),
        ),
    ]
