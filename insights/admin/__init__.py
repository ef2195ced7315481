"""The admin: find, read, review, correct and export conversations; manage accounts and apps. Only the recorder changes conversations."""

from django.apps import apps as installed_apps
from django.contrib import admin
from django.utils.translation import gettext_lazy

from insights.admin.accounts import AccountAdmin
from insights.admin.apps import AppAdmin
from insights.admin.conversations import ConversationAdmin
from insights.admin.deletions import DeletionAdmin
from insights.admin.insights import InsightAdmin
from insights.admin.managed import EntityAdmin, GroupAdmin, TrackerAdmin
from insights.admin.signin import redirect_to_signin

admin.site.site_header = admin.site.site_title = "Parley"
admin.site.index_title = gettext_lazy("Saved conversations and accounts")
admin.site.enable_nav_sidebar = False  # with a few lists only, the width is better used for the text to review
if installed_apps.is_installed("django_tasks_db"):  # the queue only notifies workers; jobs have their own table
    admin.site.unregister(installed_apps.get_model("django_tasks_database", "DBTaskResult"))
admin.site.login = redirect_to_signin  # type: ignore[method-assign]  # the documented way needs an AdminSite subclass only for this

__all__ = ["AccountAdmin", "AppAdmin", "ConversationAdmin", "DeletionAdmin", "EntityAdmin", "GroupAdmin", "InsightAdmin", "TrackerAdmin"]
