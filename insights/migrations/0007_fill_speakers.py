"""Give each message a speaker: one for each member of a conversation who said something, and one for messages without a member.

Works in batches of conversations with one transaction each, so that no lock is held for long. Conversations that have speakers are left
out: a migration that was interrupted continues where it stopped. Backwards, each message gets the member of its speaker.

Messages are selected by their conversation alone. With a condition on the speaker or the member too, SQLite would search the index of that
column, and read all messages for each batch.
"""

from collections import defaultdict

from django.db import migrations, transaction
from django.db.models import Min, OuterRef, Subquery
from django.db.models.functions import Coalesce

BATCH = 200
"""Conversations in one transaction."""


def tables(apps, schema_editor):
    alias = schema_editor.connection.alias
    return (apps.get_model('insights', name).objects.using(alias) for name in ('Conversation', 'Message', 'Speaker'))


def batches(conversations):
    """Yield lists of ids of conversations, ascending."""
    last = 0
    while ids := list(conversations.filter(id__gt=last).order_by('id').values_list('id', flat=True)[:BATCH]):
        yield ids
        last = ids[-1]


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    conversations, messages, speakers = tables(apps, schema_editor)
    for ids in batches(conversations):
        with transaction.atomic(using=alias):
            done = set(speakers.filter(conversation_id__in=ids).order_by().values_list('conversation_id', flat=True))
            said = messages.filter(conversation_id__in=[one for one in ids if one not in done])
            firsts = said.order_by().values('conversation_id', 'member_id').annotate(first=Min('number'))
            numbers = defaultdict(int)
            rows = []
            for one in sorted(firsts, key=lambda row: (row['conversation_id'], row['first'])):
                numbers[one['conversation_id']] += 1
                number = numbers[one['conversation_id']]
                rows.append(speakers.model(conversation_id=one['conversation_id'], member_id=one['member_id'], number=number))
            speakers.bulk_create(rows, batch_size=500)
            same = speakers.filter(conversation_id=OuterRef('conversation_id')).order_by()
            of_member = Subquery(same.filter(member_id=OuterRef('member_id')).values('id')[:1])
            unknown = Subquery(same.filter(member=None).values('id')[:1])
            said.update(speaker_id=Coalesce(of_member, unknown))


def empty(apps, schema_editor):
    alias = schema_editor.connection.alias
    conversations, messages, speakers = tables(apps, schema_editor)
    for ids in batches(conversations):
        with transaction.atomic(using=alias):
            left = set(speakers.filter(conversation_id__in=ids).order_by().values_list('conversation_id', flat=True))
            member = Subquery(speakers.filter(id=OuterRef('speaker_id')).order_by().values('member_id')[:1])
            messages.filter(conversation_id__in=left).update(member_id=member, speaker_id=None)
            speakers.filter(conversation_id__in=left).delete()


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('insights', '0006_speaker'),
    ]

    operations = [
        migrations.RunPython(fill, empty),
    ]
