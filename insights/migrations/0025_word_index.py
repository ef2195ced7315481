"""Create and fill the word index over titles, member names and messages."""

from django.db import migrations

from insights.models import word_index


def install(apps, schema_editor):
    word_index.install(schema_editor)


def uninstall(apps, schema_editor):
    word_index.uninstall(schema_editor)


class Migration(migrations.Migration):

    atomic = False  # PostgreSQL fills the index in batches; an interrupted migration starts again

    dependencies = [
        ('insights', '0024_confirmed_addresses'),
    ]

    operations = [
        migrations.RunPython(install, uninstall),
    ]
