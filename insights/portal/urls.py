"""Routes of the portal's pages."""

from django.conf import settings
from django.contrib.auth.views import LogoutView
from django.urls import include, path
from django.views.generic import RedirectView

from insights.portal import (
    account,
    account_recording,
    account_security,
    bin,
    conversation,
    conversations,
    developers,
    downloads,
    experience,
    first_account,
    history,
    home,
    live,
    resume_point,
    sample,
    signin,
    word_times,
)

ICON = RedirectView.as_view(url=f"{settings.STATIC_URL}parley/icon.svg", permanent=False)

urlpatterns = [
    path("", home.home, name="home"),
    path("conversations/", conversations.conversations, name="conversations"),
    path("tasks/<uuid:insight_id>/", home.change_task, name="change_task"),
    path("sample/", sample.add_sample, name="add_sample"),
    path("welcome/", first_account.first_account, name="first_account"),
    path("signin/", signin.SignIn.as_view(), name="signin"),
    path("signout/", LogoutView.as_view(), name="signout"),
    path("conversations/<int:conversation_id>/", conversation.conversation, name="conversation"),
    path("conversations/<int:conversation_id>/contents/", conversation.contents, name="conversation_contents"),
    path("conversations/<int:conversation_id>/history/", history.history, name="conversation_history"),
    path("conversations/<int:conversation_id>/words.json", word_times.word_times, name="word_times"),
    path("conversations/<int:conversation_id>/download.<str:form>", downloads.download, name="download"),
    path("conversations/<int:conversation_id>/experiences/<int:experience_id>/", experience.experience, name="experience"),
    path(
        "conversations/<int:conversation_id>/experiences/<int:experience_id>/style.css",
        experience.experience_style,
        name="experience_style",
    ),
    path("conversations/<int:conversation_id>/delete/", bin.move_to_bin, name="move_to_bin"),
    path("bin/", bin.bin_page, name="bin"),
    path("bin/<int:conversation_id>/restore/", bin.restore, name="restore"),
    path("bin/<int:conversation_id>/delete/", bin.delete_for_good, name="delete_for_good"),
    path("", include("insights.portal.account_urls")),
    path("account/", account.account, name="account"),
    path("account/profile/", account.change_profile, name="change_profile"),
    path("account/password/", account_security.change_password, name="change_password"),
    path("account/recording/", account_recording.recording, name="recording"),
    path("account/vocabulary/", account_recording.save_vocabulary, name="save_vocabulary"),
    path("account/retention/", account_recording.change_retention, name="change_retention"),
    path("developers/", developers.developers, name="developers"),
    path("account/apps/", developers.make_app, name="make_app"),
    path("account/apps/<int:app_pk>/revoke/", developers.revoke_app, name="revoke_app"),
    path("live/", live.new, name="new_live"),
    path("live/<path:connection_id>/", live.speak, name="live"),
    path("watch/<path:connection_id>/", live.watch, name="watch"),
    path("heard/<path:connection_id>/", resume_point.resume_point, name="resume_point"),
    path("favicon.ico", ICON, name="icon"),
]
