"""Let the registry of insight kinds say which types there are: a kind that is added later needs no migration."""

from django.db import migrations, models

from insights import insight_kinds


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0003_member_order'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='insight',
            name='insight_type_known',
        ),
        migrations.AlterField(
            model_name='insight',
            name='type',
            field=models.CharField(choices=insight_kinds.choices, max_length=32),
        ),
    ]
