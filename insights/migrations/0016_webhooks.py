"""Add webhooks: endpoints and deliveries."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0015_speaker_fields'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='WebhookEndpoint',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('url', models.CharField(max_length=2048)),
                ('description', models.CharField(blank=True, default='', max_length=200)),
                ('events', models.JSONField(blank=True, default=list, help_text='Kinds of events, such as insight.created.')),
                ('active', models.BooleanField(default=True)),
                ('inactive_reason', models.CharField(blank=True, default='', help_text='Why the server deactivated it.', max_length=200)),
                ('secret_number', models.PositiveIntegerField(default=1, editable=False)),
                ('rotated_at', models.DateTimeField(blank=True, editable=False, null=True)),
                ('failing_since', models.DateTimeField(blank=True, help_text='The first failure since the last success.', null=True)),
                ('queued_for', models.DateTimeField(blank=True, editable=False, null=True)),
                ('leased_until', models.DateTimeField(blank=True, editable=False, null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('conversation', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoint', to='insights.conversation')),
                ('job', models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoint', to='insights.job')),
                ('owner', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhook_endpoints', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['created_at', 'id'],
            },
        ),
        migrations.CreateModel(
            name='WebhookDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('message_id', models.UUIDField(default=uuid.uuid4, editable=False, help_text='The webhook-id, the same in each attempt.', unique=True)),
                ('kind', models.CharField(max_length=40)),
                ('event_number', models.BigIntegerField(blank=True, null=True)),
                ('status_word', models.CharField(blank=True, default='', help_text='The status that a job or a conversation got.', max_length=16)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('next_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('last_attempt_at', models.DateTimeField(blank=True, null=True)),
                ('succeeded_at', models.DateTimeField(blank=True, null=True)),
                ('last_status', models.PositiveSmallIntegerField(blank=True, help_text='HTTP status of the last response.', null=True)),
                ('last_response', models.CharField(blank=True, default='', help_text='The beginning of the last response.', max_length=300)),
                ('last_error', models.CharField(blank=True, default='', help_text='Why the last attempt got no response.', max_length=300)),
                ('conversation', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='webhook_deliveries', to='insights.conversation')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='insights.webhookendpoint')),
            ],
            options={
                'ordering': ['id'],
            },
        ),
        migrations.AddIndex(
            model_name='webhookendpoint',
            index=models.Index(condition=models.Q(('conversation', None), ('job', None)), fields=['owner', 'created_at'], name='webhook_endpoint_owner'),
        ),
        migrations.AddConstraint(
            model_name='webhookendpoint',
            constraint=models.CheckConstraint(condition=models.Q(('job', None), ('conversation', None), _connector='OR'), name='webhook_endpoint_of_one_thing'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('next_attempt_at__isnull', False)), fields=['endpoint', 'next_attempt_at'], name='webhook_delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(fields=['endpoint', '-id'], name='webhook_delivery_log'),
        ),
        migrations.AddIndex(
            model_name='webhookdelivery',
            index=models.Index(condition=models.Q(('next_attempt_at', None)), fields=['created_at'], name='webhook_delivery_old'),
        ),
        migrations.AddConstraint(
            model_name='webhookdelivery',
            constraint=models.UniqueConstraint(condition=models.Q(('event_number__isnull', False)), fields=('endpoint', 'conversation', 'event_number'), name='webhook_delivery_once_per_event'),
        ),
    ]
