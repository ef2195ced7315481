"""Add the trackers, entities, groups and vocabulary of accounts."""

import django.db.models.deletion
import insights.models.conversations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ("insights", "0012_detect_phrases"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountVocabulary',
            fields=[
                ('owner', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='vocabulary', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('phrases', models.JSONField(blank=True, default=list, help_text='A list of texts.')),
                ('updated_at', models.DateTimeField(auto_now=True)),
            ],
            options={
                'verbose_name_plural': 'account vocabularies',
            },
        ),
        migrations.CreateModel(
            name='AccountEntity',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('type', models.CharField(max_length=256)),
                ('sub_type', models.CharField(max_length=256)),
                ('category', models.CharField(default='Custom', max_length=256)),
                ('values', models.JSONField(default=list, help_text='The words, a list of texts.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='entities', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'account entities',
                'ordering': ['created_at', 'id'],
                'constraints': [models.UniqueConstraint(fields=('owner', 'type', 'sub_type'), name='entity_sub_type_unique'), models.CheckConstraint(condition=models.Q(models.Q(('type', ''), _negated=True), models.Q(('sub_type', ''), _negated=True)), name='entity_has_a_type'), models.CheckConstraint(condition=models.Q(('id__gte', 1000000000000000), ('id__lte', 9007199254740991)), name='entity_id_has_16_digits')],
            },
        ),
        migrations.CreateModel(
            name='AccountTracker',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=256)),
                ('description', models.TextField(blank=True, default='')),
                ('categories', models.JSONField(blank=True, default=list)),
                ('languages', models.JSONField(blank=True, default=list)),
                ('vocabulary', models.JSONField(default=list, help_text='The phrases, a list of texts.')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='trackers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at', 'id'],
                'constraints': [models.UniqueConstraint(fields=('owner', 'name'), name='tracker_name_unique'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='tracker_has_a_name'), models.CheckConstraint(condition=models.Q(('id__gte', 1000000000000000), ('id__lte', 9007199254740991)), name='tracker_id_has_16_digits')],
            },
        ),
        migrations.CreateModel(
            name='ConversationGroup',
            fields=[
                ('id', models.BigIntegerField(default=insights.models.conversations.new_conversation_id, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=128)),
                ('description', models.CharField(blank=True, default='', max_length=512)),
                ('criteria', models.CharField(help_text="An RSQL expression over the conversation's fields.", max_length=2000)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('updated_at', models.DateTimeField(auto_now=True)),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='conversation_groups', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at', 'id'],
                'indexes': [models.Index(fields=['owner', 'created_at'], name='group_owner_created')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('criteria', ''), _negated=True)), name='group_has_name_and_criteria'), models.CheckConstraint(condition=models.Q(('id__gte', 1000000000000000), ('id__lte', 9007199254740991)), name='group_id_has_16_digits')],
            },
        ),
    ]
