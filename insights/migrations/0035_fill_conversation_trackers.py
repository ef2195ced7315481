"""Store the trackers of conversations from before migration 0030, as far as their matches tell them.

A match names its tracker and the phrase. A tracker of the account or a managed one means that the conversation used all of them
(`all_trackers`). Any other was brought by a speaker or an import: it is stored with the phrases that matched; its other phrases are not known.
Conversations that have trackers are left out, so a migration that was interrupted continues where it stopped. Backwards nothing changes.
"""

from django.db import migrations, transaction

BATCH = 200
"""Conversations in one transaction."""
MOST_TRACKERS = 500
MANAGED = 'managed-'
"""The start of the ids of managed trackers."""


def fill(apps, schema_editor):
    alias = schema_editor.connection.alias
    conversations = apps.get_model('insights', 'Conversation')._base_manager.using(alias)
    matches = apps.get_model('insights', 'TrackerMatch').objects.using(alias)
    own = apps.get_model('insights', 'AccountTracker').objects.using(alias)
    matched = matches.order_by().values('conversation_id').distinct()
    without = conversations.filter(all_trackers=False, trackers=[], id__in=matched)
    last = 0
    while found := list(without.filter(id__gt=last).order_by('id').only('id', 'owner_id', 'trackers', 'all_trackers')[:BATCH]):
        last = found[-1].id
        known = {str(one): owner for one, owner in own.filter(owner__in={talk.owner_id for talk in found}).values_list('id', 'owner_id')}
        rows = matches.filter(conversation_id__in=[talk.id for talk in found]).order_by('conversation_id', 'id')
        brought = {talk.id: {} for talk in found}
        everything = set()
        owners = {talk.id: talk.owner_id for talk in found}
        for talk, name, identity, phrase in rows.values_list('conversation_id', 'tracker_name', 'tracker_id', 'value'):
            if identity.startswith(MANAGED) or known.get(identity) == owners[talk]:
                everything.add(talk)
                continue
            form = brought[talk].setdefault(name, {'name': name, 'vocabulary': [], 'id': identity})
            if phrase and phrase not in form['vocabulary']:
                form['vocabulary'].append(phrase)
        for talk in found:
            talk.all_trackers = talk.id in everything
            talk.trackers = list(brought[talk.id].values())[:MOST_TRACKERS]
        with transaction.atomic(using=alias):
            conversations.bulk_update(found, ['all_trackers', 'trackers'])


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('insights', '0034_exports'),
    ]

    operations = [
        migrations.RunPython(fill, migrations.RunPython.noop),
    ]
