"""An index for the deletions in one conversation, which are looked for before its stored audio is read."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("insights", "0046_notify_shares")]
    operations = [
        migrations.AddIndex("deletion", models.Index(fields=["conversation_id", "kind"], name="deletion_conversation")),
    ]
