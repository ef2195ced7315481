"""The review queue, and when insights were found: for those that exist, when their sentence was said."""

from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


def date_insights(apps: Any, schema_editor: Any) -> None:
    """Set when insights were found. The rows were stored within a second of it, except those of imported recordings."""
    messages = apps.get_model("insights", "Message").objects
    said = messages.filter(pk=models.OuterRef("message_id")).values("started_at")[:1]
    apps.get_model("insights", "Insight").objects.update(found_at=models.Subquery(said))


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('insights', '0035_fill_conversation_trackers'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='InsightReview',
            fields=[
                ('insight', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='queue_review', serialize=False, to='insights.insight')),
                ('confidence', models.FloatField()),
                ('first', models.CharField(choices=[('accepted', 'accepted'), ('rejected', 'rejected')], max_length=8)),
                ('first_at', models.DateTimeField()),
                ('second_wanted', models.BooleanField(default=False, help_text='Whether the queue asks another reviewer, too.')),
                ('second', models.CharField(blank=True, choices=[('accepted', 'accepted'), ('rejected', 'rejected')], default='', max_length=8)),
                ('second_at', models.DateTimeField(blank=True, null=True)),
                ('settled', models.CharField(blank=True, choices=[('accepted', 'accepted'), ('rejected', 'rejected')], default='', max_length=8)),
                ('settled_at', models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ReviewLease',
            fields=[
                ('user', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='+', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('until', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='insight',
            name='found_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, help_text='When it was stored.'),
        ),
        migrations.AlterField(
            model_name='reading',
            name='place',
            field=models.CharField(choices=[('review', 'opened for review'), ('insights', 'insights read in the list'), ('export', 'exported'), ('queue', 'read in the review queue')], max_length=16),
        ),
        migrations.AddIndex(
            model_name='insight',
            index=models.Index(condition=models.Q(('review', 'pending')), fields=['confidence', 'id', 'type', 'found_at', 'conversation'], name='insight_waiting'),
        ),
        migrations.AddIndex(
            model_name='insight',
            index=models.Index(condition=models.Q(('review', 'pending'), _negated=True), fields=['review', 'confidence', 'id', 'type', 'found_at', 'conversation'], name='insight_reviewed'),
        ),
        migrations.AddField(
            model_name='insightreview',
            name='first_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='insightreview',
            name='second_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='insightreview',
            name='settled_by',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='reviewlease',
            name='insight',
            field=models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='review_lease', to='insights.insight'),
        ),
        migrations.AddIndex(
            model_name='insightreview',
            index=models.Index(condition=models.Q(('second', ''), ('second_wanted', True)), fields=['confidence', 'insight'], name='insight_review_second_waits'),
        ),
        migrations.AddIndex(
            model_name='insightreview',
            index=models.Index(condition=models.Q(('settled', ''), models.Q(('second', ''), _negated=True), models.Q(('first', models.F('second')), _negated=True)), fields=['confidence', 'insight'], name='insight_review_disagreed'),
        ),
        migrations.AddConstraint(
            model_name='insightreview',
            constraint=models.CheckConstraint(condition=models.Q(('first__in', ['accepted', 'rejected'])), name='insight_review_first_known'),
        ),
        migrations.AddConstraint(
            model_name='insightreview',
            constraint=models.CheckConstraint(condition=models.Q(('second__in', ['', 'accepted', 'rejected'])), name='insight_review_second_known'),
        ),
        migrations.AddConstraint(
            model_name='insightreview',
            constraint=models.CheckConstraint(condition=models.Q(('settled__in', ['', 'accepted', 'rejected'])), name='insight_review_settled_known'),
        ),
        migrations.AddConstraint(
            model_name='insightreview',
            constraint=models.CheckConstraint(condition=models.Q(('settled', ''), models.Q(('second', ''), _negated=True), _connector='OR'), name='insight_review_settled_after_two'),
        ),
        migrations.RunPython(date_insights, migrations.RunPython.noop),
    ]
