"""The kinds of reviewed insights beside the opinions, and the indexes of the figures."""

from typing import Any

from django.db import migrations, models


def copy_kinds(apps: Any, schema_editor: Any) -> None:
    """Store the kind of each insight in its review."""
    kinds = apps.get_model("insights", "Insight").objects.filter(pk=models.OuterRef("insight_id")).values("type")[:1]
    apps.get_model("insights", "InsightReview").objects.update(kind=models.Subquery(kinds))


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0037_notes'),
    ]

    operations = [
        migrations.AddField(
            model_name='insightreview',
            name='kind',
            field=models.CharField(default='', max_length=32),
        ),
        migrations.AddIndex(
            model_name='insight',
            index=models.Index(condition=models.Q(('review', 'pending'), _negated=True), fields=['type', 'review', 'found_at', 'conversation'], name='insight_verdicts'),
        ),
        migrations.AddIndex(
            model_name='insightreview',
            index=models.Index(condition=models.Q(('second', ''), _negated=True), fields=['kind', 'first', 'second'], name='insight_review_pairs'),
        ),
        migrations.RunPython(copy_kinds, migrations.RunPython.noop),
    ]
