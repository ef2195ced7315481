"""Teams, shares of conversations and links with a secret. Nothing is shared by the migration: old conversations stay private."""

import django.db.models.deletion
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0025_word_index'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Team',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('created_at', models.DateTimeField()),
                ('new_conversations', models.PositiveSmallIntegerField(blank=True, choices=[(1, 'Can view'), (2, 'Can edit')], help_text='Empty: new conversations of members are not shared.', null=True)),
            ],
            options={
                'ordering': ['name', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('new_conversations', None), ('new_conversations__in', [1, 2]), _connector='OR'), name='team_level_is_shared')],
            },
        ),
        migrations.CreateModel(
            name='ShareLink',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('public', 'public page'), ('speak', 'invitation to speak'), ('watch', 'invitation to watch')], max_length=8)),
                ('connection_id', models.CharField(blank=True, default='', max_length=512)),
                ('audio', models.BooleanField(default=False, help_text='Whether the public page plays the stored audio.')),
                ('guests', models.BooleanField(default=False, help_text='Whether people without an account may join.')),
                ('created_at', models.DateTimeField()),
                ('expires_at', models.DateTimeField()),
                ('withdrawn_at', models.DateTimeField(blank=True, null=True)),
                ('conversation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='share_links', to='insights.conversation')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='share_links', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-created_at', 'id'],
                'indexes': [models.Index(fields=['owner', 'connection_id'], name='share_link_connection')],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('connection_id', ''), ('conversation__isnull', False), ('kind', 'public')), models.Q(('conversation', None), ('kind__in', ['speak', 'watch']), models.Q(('connection_id', ''), _negated=True)), _connector='OR'), name='share_link_has_its_target')],
            },
        ),
        migrations.CreateModel(
            name='Share',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField(choices=[(1, 'Can view'), (2, 'Can edit')])),
                ('created_at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='insights.conversation')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='shares', to='insights.team')),
            ],
            options={
                'ordering': ['conversation_id', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('team__isnull', False), ('user', None)), models.Q(('team', None), ('user__isnull', False)), _connector='OR'), name='share_with_person_or_team'), models.CheckConstraint(condition=models.Q(('level__in', [1, 2])), name='share_level_is_shared'), models.UniqueConstraint(condition=models.Q(('team', None)), fields=('user', 'conversation'), name='share_unique_person'), models.UniqueConstraint(condition=models.Q(('user', None)), fields=('team', 'conversation'), name='share_unique_team')],
            },
        ),
        migrations.CreateModel(
            name='TeamMembership',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('manages', models.BooleanField(default=False)),
                ('shares_new', models.BooleanField(default=True)),
                ('joined_at', models.DateTimeField()),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='memberships', to='insights.team')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='team_memberships', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['team_id', 'joined_at', 'id'],
                'constraints': [models.UniqueConstraint(fields=('user', 'team'), name='team_membership_unique')],
            },
        ),
    ]
