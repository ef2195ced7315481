"""Database tables: apps, conversations, messages, insights and numbered events.

Only `insights.recorder` writes conversations and only `insights.queries` reads them; apps belong to `insights.access`.
"""

from insights.models.account_settings import AccountSettings, NotificationContent
from insights.models.accounts import Invitation, LinkRequest
from insights.models.apps import App
from insights.models.audio import StoredAudio
from insights.models.bookmarks import Bookmark, BookmarkReference, Experience
from insights.models.changes import Change
from insights.models.conversations import Conversation, LiveSession, Member, Speaker
from insights.models.deletions import Deletion
from insights.models.diarization import Diarization
from insights.models.events import Event
from insights.models.exports import Export, ExportedConversation
from insights.models.findings import Insight, Topic, TopicReference, TrackerMatch
from insights.models.jobs import Job
from insights.models.language_model import LanguageResult
from insights.models.management import AccountEntity, AccountTracker, AccountVocabulary, ConversationGroup
from insights.models.messages import Entity, Message
from insights.models.notes import Note
from insights.models.notifications import Notification
from insights.models.processes import ServerProcess
from insights.models.reviews import InsightReview, ReviewLease
from insights.models.roles import AccountRole, Reading, Role
from insights.models.sharing import AccessLevel, Share, ShareLink, Team, TeamMembership, is_shared_with, shares_with
from insights.models.vectors import MessageVector
from insights.models.voice_profiles import VoiceProfile, usable_by, usable_by_accounts
from insights.models.webhooks import WebhookDelivery, WebhookEndpoint

__all__ = [
    "AccessLevel",
    "AccountEntity",
    "AccountRole",
    "AccountTracker",
    "AccountVocabulary",
    "AccountSettings",
    "App",
    "Change",
    "Bookmark",
    "BookmarkReference",
    "Conversation",
    "ConversationGroup",
    "Deletion",
    "Diarization",
    "Entity",
    "Event",
    "Experience",
    "Export",
    "ExportedConversation",
    "Insight",
    "InsightReview",
    "Invitation",
    "Job",
    "LanguageResult",
    "LinkRequest",
    "LiveSession",
    "Member",
    "Message",
    "MessageVector",
    "Note",
    "Notification",
    "NotificationContent",
    "Reading",
    "ReviewLease",
    "Role",
    "ServerProcess",
    "Share",
    "ShareLink",
    "Speaker",
    "StoredAudio",
    "Team",
    "TeamMembership",
    "Topic",
    "TopicReference",
    "TrackerMatch",
    "VoiceProfile",
    "WebhookDelivery",
    "WebhookEndpoint",
    "is_shared_with",
    "shares_with",
    "usable_by",
    "usable_by_accounts",
]
