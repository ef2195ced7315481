"""Which conversations are the sample: their insights are not reviewed."""

from typing import Any

from django.db import migrations, models


def mark_samples(apps: Any, schema_editor: Any) -> None:
    """Mark the samples that exist; their metadata says so."""
    conversations = apps.get_model("insights", "Conversation").objects
    conversations.filter(connection_id__startswith="import-", metadata__sample="yes").update(sample=True)


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0039_notes_in_exports'),
    ]

    operations = [
        migrations.AddField(
            model_name='conversation',
            name='sample',
            field=models.BooleanField(db_default=False, default=False, editable=False, help_text='Whether it is the sample, which nobody spoke.'),
        ),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(condition=models.Q(('deleted_at__isnull', False), ('sample', True), _connector='OR'), fields=['id'], name='conversation_unreviewed'),
        ),
        migrations.RunPython(mark_samples, migrations.RunPython.noop),
    ]
