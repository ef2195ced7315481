"""Create the table of the vectors of messages; a worker fills it where the search by meaning is installed."""

import django.db.models.deletion
from django.db import migrations, models

from insights.models import vectors


def install(apps, schema_editor):
    vectors.install(schema_editor)


def uninstall(apps, schema_editor):
    vectors.uninstall(schema_editor)


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0027_account_limits'),
    ]

    operations = [
        migrations.CreateModel(
            name='MessageVector',
            fields=[
                ('message', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='vector', serialize=False, to='insights.message')),
                ('number', models.PositiveIntegerField(help_text='That of the message.')),
                ('values', models.BinaryField()),
                ('conversation', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='insights.conversation')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('conversation', 'number'), name='vector_number_unique')],
            },
        ),
        migrations.RunPython(install, uninstall),
    ]
