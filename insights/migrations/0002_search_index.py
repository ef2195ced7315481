"""Create and fill the search index over titles, connection ids, member names and messages."""

from django.db import migrations, models

from insights.models import search


def install(apps, schema_editor):
    search.install(schema_editor)


def uninstall(apps, schema_editor):
    search.uninstall(schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0001_initial'),
    ]

    operations = [
        migrations.RunPython(install, uninstall),
        migrations.AddIndex(
            model_name='conversation',
            index=models.Index(fields=['-started_at', '-id'], name='conversation_newest'),
        ),
    ]
