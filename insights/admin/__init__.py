"""The admin of saved conversations: found, read, reviewed, corrected and exported; changed only through the recorder."""

from django.contrib import admin

from insights.admin.accounts import AccountAdmin
from insights.admin.apps import AppAdmin
from insights.admin.conversations import ConversationAdmin
from insights.admin.insights import InsightAdmin
from insights.admin.signin import door

admin.site.site_header = admin.site.site_title = "Parley"
admin.site.index_title = "Saved conversations and accounts"
admin.site.enable_nav_sidebar = False  # four lists: the width is for the words that are reviewed
admin.site.login = door  # type: ignore[method-assign]  # the documented way would be a site class of one's own for this alone

__all__ = ["AccountAdmin", "AppAdmin", "ConversationAdmin", "InsightAdmin"]
