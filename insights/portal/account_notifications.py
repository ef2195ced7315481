"""The notifications part of the account page: which mails the account gets, and what is in them."""

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from insights import access
from insights.models import AccountSettings
from insights.portal.account import part
from insights.portal.signed_in import user_of

HERE = "/account/notifications/"


class NotificationsForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Each kind of mail, and its contents."""

    class Meta:
        model = AccountSettings
        fields = ("notify_over", "notify_tasks", "notify_shares", "notify_content")
        labels = {
            "notify_over": gettext_lazy("A conversation is over"),
            "notify_tasks": gettext_lazy("A task is assigned to me"),
            "notify_shares": gettext_lazy("A conversation is shared with me"),
            "notify_content": gettext_lazy("What is in the mails"),
        }
        help_texts = {
            "notify_over": gettext_lazy("Your own conversations, and those that are shared with you or your teams."),
            "notify_tasks": gettext_lazy(
                "When the conversation is over, or when somebody assigns the task later. The assignee has your e-mail address."
            ),
            "notify_shares": gettext_lazy("With you, or with a team of yours. Conversations that a team gets automatically send no mail."),
            "notify_content": gettext_lazy("Mail is not always encrypted on its way. By default, nothing that was said is in it."),
        }


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def notifications(request: HttpRequest) -> HttpResponse:
    """Show and change which mails the account gets."""
    stored = access.settings_of(user_of(request))
    form = NotificationsForm(request.POST if request.method == "POST" else None, instance=stored)
    if form.is_valid():
        form.save()
        return redirect(f"{HERE}?done=saved")
    done = _("Notifications saved.") if request.GET.get("done") == "saved" else None
    context = {"form": form, "done": done, "mail": settings.MAIL_CONFIGURED}
    return part(request, "notifications", context, 400 if form.is_bound else 200)
