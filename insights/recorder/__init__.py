"""The only writer of conversations. Each call stores its rows and numbered events in one transaction.

Synchronous; asynchronous callers use a thread. The events that a function returns are committed (laws 1 and 2 in docs/architecture.md).
"""

from insights.events import Kind
from insights.payloads import StoredEvent
from insights.recorder.audio import AudioFacts, begin_imported_audio, discard_audio, forget_audio, remove_audio, resize_audio, store_audio
from insights.recorder.deletion.delete import (
    bin_conversation,
    continue_deletions,
    delete_conversation,
    restore_conversation,
)
from insights.recorder.deletion.delete_parts import delete_insight, delete_message, delete_words_of
from insights.recorder.deletion.redact_stored import MASK, continue_redactions, redact_conversation
from insights.recorder.deletion.retention import empty_bin, forget_by_accounts, forget_ended_before
from insights.recorder.diarization import (
    KEPT_VOICES,
    correct_voices,
    diarize_import,
    forget_kept_voices,
    forget_silent_voices,
    kept_voices,
    name_voice,
    split_by_voices,
    store_voices,
)
from insights.recorder.edits.bookmarks import BookmarkFields, UnknownBookmark, add_bookmark, change_bookmark, delete_bookmark
from insights.recorder.edits.changes import Edited
from insights.recorder.edits.conversation_edits import edit_conversation
from insights.recorder.edits.experiences import Look, UnknownExperience, add_experience, delete_experience
from insights.recorder.edits.insight_edits import Assignee, InsightEdit, add_insight, edit_insight, review_insight
from insights.recorder.edits.member_edits import edit_member, merge_members
from insights.recorder.edits.message_edits import MOST_EDITED, correct_message, edit_message, edit_texts
from insights.recorder.edits.message_splits import join_next, split_message
from insights.recorder.edits.speaker_assignments import Scope, assign_speaker
from insights.recorder.edits.speaker_edits import NamedSpeaker, SpeakerEvent, attribute_speakers
from insights.recorder.edits.undo import undo
from insights.recorder.ending import close_due, leave
from insights.recorder.imports import (
    ImportOpening,
    begin_import,
    detect_phrases,
    end_import,
    import_member,
    imported_until,
    open_import,
    stored_before,
)
from insights.recorder.join import open_conversation
from insights.recorder.language_results import store_language_result
from insights.recorder.notes import UnknownNote, delete_note, write_note
from insights.recorder.processes import heartbeat, register_process, remove_process
from insights.recorder.record_results import record
from insights.recorder.reviews import AlreadyReviewed, Decided, Opinion, decide, lease_insight, take_back
from insights.recorder.signals import (
    audio_removed,
    conversation_deleted,
    conversation_hidden,
    events_emptied,
    speech_removed,
    stored_afterwards,
    words_removed,
)
from insights.recorder.tracked import use_trackers
from insights.recorder.types import (
    ChangeConflict,
    ConversationBusy,
    Diarized,
    Joined,
    Listening,
    NotTheAuthor,
    Opening,
    RecorderError,
    SpeakerIdentity,
    SpokenWord,
    TooManySpeakers,
    UnknownChange,
    UnknownConversation,
    UnknownKind,
    UnknownMember,
    UnknownMessage,
    Utterance,
    Voice,
    VoiceSpan,
)
from insights.recorder.vectors import store_vectors
from insights.recorder.voice_names import BY_PROFILE, name_by_profile

__all__ = [
    "AlreadyReviewed",
    "BY_PROFILE",
    "KEPT_VOICES",
    "MOST_EDITED",
    "forget_kept_voices",
    "kept_voices",
    "name_by_profile",
    "Assignee",
    "AudioFacts",
    "BookmarkFields",
    "ChangeConflict",
    "ConversationBusy",
    "Decided",
    "Opinion",
    "TooManySpeakers",
    "Diarized",
    "Edited",
    "ImportOpening",
    "InsightEdit",
    "Joined",
    "Kind",
    "Listening",
    "Look",
    "NotTheAuthor",
    "MASK",
    "Opening",
    "NamedSpeaker",
    "RecorderError",
    "Scope",
    "SpeakerEvent",
    "SpeakerIdentity",
    "SpokenWord",
    "StoredEvent",
    "UnknownBookmark",
    "UnknownChange",
    "UnknownConversation",
    "UnknownExperience",
    "UnknownKind",
    "UnknownMember",
    "UnknownMessage",
    "UnknownNote",
    "Utterance",
    "Voice",
    "VoiceSpan",
    "add_bookmark",
    "audio_removed",
    "begin_imported_audio",
    "add_experience",
    "add_insight",
    "assign_speaker",
    "attribute_speakers",
    "begin_import",
    "change_bookmark",
    "bin_conversation",
    "close_due",
    "continue_deletions",
    "continue_redactions",
    "redact_conversation",
    "conversation_deleted",
    "conversation_hidden",
    "correct_message",
    "correct_voices",
    "diarize_import",
    "decide",
    "lease_insight",
    "take_back",
    "delete_bookmark",
    "delete_experience",
    "detect_phrases",
    "edit_conversation",
    "edit_insight",
    "edit_member",
    "edit_message",
    "edit_texts",
    "end_import",
    "delete_conversation",
    "delete_insight",
    "delete_message",
    "delete_note",
    "delete_words_of",
    "empty_bin",
    "events_emptied",
    "forget_by_accounts",
    "forget_silent_voices",
    "discard_audio",
    "forget_audio",
    "forget_ended_before",
    "heartbeat",
    "import_member",
    "imported_until",
    "join_next",
    "leave",
    "merge_members",
    "name_voice",
    "open_conversation",
    "open_import",
    "record",
    "register_process",
    "remove_audio",
    "remove_process",
    "resize_audio",
    "restore_conversation",
    "review_insight",
    "speech_removed",
    "split_by_voices",
    "split_message",
    "store_audio",
    "store_language_result",
    "store_vectors",
    "store_voices",
    "stored_afterwards",
    "stored_before",
    "undo",
    "use_trackers",
    "words_removed",
    "write_note",
]
