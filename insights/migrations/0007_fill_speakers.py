"""Give each message a speaker: one for each member of a conversation who said something, and one for messages without a member.

Works in batches of conversations with one transaction each, so that no lock is held for long. Only messages without a speaker are
changed: a migration that was interrupted continues where it stopped. Backwards, each message gets the member of its speaker.
"""

from collections import defaultdict

from django.db import migrations, transaction
from django.db.models import Min, OuterRef, Subquery

BATCH = 200
"""Conversations in one transaction."""


def batches(messages, **rest):
    """Yield lists of ids of conversations that have such messages, ascending."""
    last = 0
    while True:
        found = messages.filter(conversation_id__gt=last, **rest).order_by('conversation_id').values_list('conversation_id', flat=True)
        ids = list(found.distinct()[:BATCH])
        if not ids:
            return
        yield ids
        last = ids[-1]


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    messages = apps.get_model('insights', 'Message').objects.using(alias)
    speakers = apps.get_model('insights', 'Speaker').objects.using(alias)
    for ids in batches(messages, speaker=None):
        with transaction.atomic(using=alias):
            said = messages.filter(conversation_id__in=ids)
            firsts = said.order_by().values('conversation_id', 'member_id').annotate(first=Min('number'))
            numbers = defaultdict(int)
            rows = []
            for one in sorted(firsts, key=lambda row: (row['conversation_id'], row['first'])):
                numbers[one['conversation_id']] += 1
                number = numbers[one['conversation_id']]
                rows.append(speakers.model(conversation_id=one['conversation_id'], member_id=one['member_id'], number=number))
            speakers.bulk_create(rows, batch_size=500)
            same = speakers.filter(conversation_id=OuterRef('conversation_id'))
            unknown = Subquery(same.filter(member=None).values('id')[:1])
            said.filter(member=None).update(speaker_id=unknown)
            said.exclude(member=None).update(speaker_id=Subquery(same.filter(member_id=OuterRef('member_id')).values('id')[:1]))


def empty(apps, schema_editor):
    alias = schema_editor.connection.alias
    messages = apps.get_model('insights', 'Message').objects.using(alias)
    speakers = apps.get_model('insights', 'Speaker').objects.using(alias)
    for ids in batches(messages, speaker__isnull=False):
        with transaction.atomic(using=alias):
            member = Subquery(speakers.filter(id=OuterRef('speaker_id')).values('member_id')[:1])
            messages.filter(conversation_id__in=ids).update(member_id=member, speaker_id=None)
            speakers.filter(conversation_id__in=ids).delete()


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('insights', '0006_speaker'),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
