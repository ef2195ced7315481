"""The admin of saved conversations: found, read, reviewed, corrected and exported; changed only through the recorder."""

from insights.admin.apps import AppAdmin
from insights.admin.conversations import ConversationAdmin
from insights.admin.insights import InsightAdmin

__all__ = ["AppAdmin", "ConversationAdmin", "InsightAdmin"]
