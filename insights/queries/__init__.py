"""The only reader of conversations. Queries are scoped to a user; conversations of other owners are not found.

Functions that take a conversation do not check the owner again: get it from `conversation_for`, `live_conversation` or another
function that takes a user id.
"""

from insights.queries.batches import BATCH, in_batches, members_in_batches, references_in_batches, topic_families, topics_in_batches
from insights.queries.bookmarks import bookmark_of, bookmarks_of, experience_of, marked_messages, summaries
from insights.queries.changes import change_of, changes_of
from insights.queries.contents import (
    INSIGHT_ORDER,
    entities_of,
    entity_places,
    insight_of,
    insights_of,
    leading_topics,
    member_of,
    members_of,
    message_of,
    messages_of,
    topics_of,
    tracker_matches_of,
    transcript_of,
)
from insights.queries.conversations import conversation_for, conversations_of, insight_counts
from insights.queries.derived import figures_of, summary_of, talk_seconds
from insights.queries.live import (
    MOST_EVENTS,
    conversation_for_subscriber,
    conversations_started_since,
    ends_after,
    events_after,
    last_events,
    last_seen,
    latest_conversation,
    live_conversation,
    open_conversation_of,
    recognised_until,
)
from insights.queries.search import first_hits, search_texts, search_words, with_texts
from insights.queries.spoken import Spoken, custom_spans, insight_phrases, said_just_before, spoken_in, spoken_with_ids

__all__ = [
    "BATCH",
    "INSIGHT_ORDER",
    "MOST_EVENTS",
    "change_of",
    "changes_of",
    "Spoken",
    "bookmark_of",
    "bookmarks_of",
    "conversations_started_since",
    "conversation_for",
    "conversations_of",
    "custom_spans",
    "ends_after",
    "entities_of",
    "entity_places",
    "events_after",
    "experience_of",
    "figures_of",
    "first_hits",
    "recognised_until",
    "in_batches",
    "insight_counts",
    "insight_of",
    "insight_phrases",
    "insights_of",
    "last_events",
    "last_seen",
    "latest_conversation",
    "leading_topics",
    "conversation_for_subscriber",
    "live_conversation",
    "marked_messages",
    "members_in_batches",
    "member_of",
    "members_of",
    "message_of",
    "messages_of",
    "open_conversation_of",
    "references_in_batches",
    "said_just_before",
    "search_texts",
    "search_words",
    "spoken_in",
    "spoken_with_ids",
    "summaries",
    "summary_of",
    "talk_seconds",
    "topic_families",
    "topics_in_batches",
    "topics_of",
    "tracker_matches_of",
    "transcript_of",
    "with_texts",
]
