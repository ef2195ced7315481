"""Roles of accounts and the log of readings by reviewers."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone


def give_roles(apps: Any, schema_editor: Any) -> None:
    """Make superusers administrators and reviewers, and other staff reviewers, as they could read all conversations before."""
    users, roles = apps.get_model("auth", "User").objects, apps.get_model("insights", "AccountRole").objects
    now = timezone.now()
    wanted = [
        *((user, "administrator") for user in users.filter(is_superuser=True).values_list("pk", flat=True)),
        *((user, "reviewer") for user in users.filter(Q(is_superuser=True) | Q(is_staff=True)).values_list("pk", flat=True)),
    ]
    roles.bulk_create([roles.model(user_id=user, role=role, granted_at=now) for user, role in wanted], batch_size=500)
    users.filter(is_superuser=True, is_staff=False).update(is_staff=True)


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('insights', '0019_language_results'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountRole',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('role', models.CharField(choices=[('reviewer', 'Reviewer'), ('administrator', 'Administrator')], max_length=16)),
                ('granted_at', models.DateTimeField()),
                ('granted_by', models.ForeignKey(blank=True, help_text='Empty: a command or a migration.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='account_roles', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['user_id', 'role'],
                'constraints': [models.UniqueConstraint(fields=('user', 'role'), name='account_role_unique'), models.CheckConstraint(condition=models.Q(('role__in', ['reviewer', 'administrator'])), name='account_role_is_known')],
            },
        ),
        migrations.CreateModel(
            name='Reading',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('place', models.CharField(choices=[('review', 'opened for review'), ('insights', 'insights read in the list'), ('export', 'exported')], max_length=16)),
                ('at', models.DateTimeField()),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='readings', to='insights.conversation')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['conversation_id', '-at'],
                'indexes': [models.Index(fields=['conversation', '-at'], name='reading_conversation_newest')],
            },
        ),
        migrations.RunPython(give_roles, migrations.RunPython.noop),
    ]
