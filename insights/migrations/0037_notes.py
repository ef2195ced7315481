import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0036_review_queue'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='Note',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('text', models.TextField()),
                ('at_s', models.FloatField(blank=True, help_text='When it was begun, in seconds from the start; empty: no place.', null=True)),
                ('created_at', models.DateTimeField()),
                ('updated_at', models.DateTimeField()),
                ('author', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('conversation', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='notes', to='insights.conversation')),
            ],
            options={
                'ordering': ['conversation_id', 'author_id', 'created_at', 'id'],
                'indexes': [models.Index(fields=['conversation', 'author', 'created_at'], name='note_of_author')],
                'constraints': [
                    models.CheckConstraint(condition=models.Q(('text', ''), _negated=True), name='note_has_text'),
                    models.CheckConstraint(condition=models.Q(('at_s', None), ('at_s__gte', 0), _connector='OR'), name='note_place_not_negative'),
                ],
            },
        ),
    ]
