"""What an account manages: its trackers, custom entities, groups of conversations and vocabulary. Reads and writes, scoped to the account.

`trackers_of`, `entities_of` and `vocabulary_of` are what its conversations use, live ones and imports. Synchronous.
"""

from insights.managed.accounts import LiveSettings, person_with, settings_of
from insights.managed.entities import (
    EntityFields,
    change_entity,
    create_entities,
    delete_entities_of_sub_type,
    delete_entity,
    entities_in,
    entities_of,
    entity,
)
from insights.managed.errors import Busy, Invalid, ManagedError, Taken, TooMany, Unknown
from insights.managed.groups import GroupFields, change_group, create_groups, delete_group, group, groups_in
from insights.managed.teams import (
    LONGEST_TEAM_NAME,
    TeamError,
    add_person,
    change_team,
    create_team,
    delete_team,
    membership,
    people_of,
    remove_person,
    set_manages,
    set_shares_new,
    share_new,
    teams_with,
)
from insights.managed.trackers import (
    TrackerFields,
    change_tracker,
    create_trackers,
    delete_tracker,
    tracker,
    trackers_in,
    trackers_of,
)
from insights.managed.vocabulary import set_vocabulary, vocabulary_of

__all__ = [
    "Busy",
    "EntityFields",
    "GroupFields",
    "Invalid",
    "LiveSettings",
    "ManagedError",
    "Taken",
    "LONGEST_TEAM_NAME",
    "TeamError",
    "add_person",
    "change_team",
    "create_team",
    "delete_team",
    "membership",
    "people_of",
    "remove_person",
    "set_manages",
    "set_shares_new",
    "share_new",
    "teams_with",
    "TooMany",
    "TrackerFields",
    "Unknown",
    "change_entity",
    "change_group",
    "change_tracker",
    "create_entities",
    "create_groups",
    "create_trackers",
    "delete_entities_of_sub_type",
    "delete_entity",
    "delete_group",
    "delete_tracker",
    "entities_in",
    "entities_of",
    "entity",
    "group",
    "groups_in",
    "set_vocabulary",
    "person_with",
    "settings_of",
    "tracker",
    "trackers_in",
    "trackers_of",
    "vocabulary_of",
]
