"""The page on which the owner of a conversation enrols the voice of a speaker who was told apart in it, with the speaker's consent."""

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from insights import managed, queries
from insights.exports.titles import shown_person
from insights.managed import Enrolment, ManagedError
from insights.member_voice import voice_of
from insights.models import Conversation, Member, VoiceProfile
from insights.portal.account_voices import HERE, PROBLEMS, wording
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.voice_enrolment import EnrolmentRefused, SampleProblem


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def remember_voice(request: HttpRequest, conversation_id: int, member_id: UUID) -> HttpResponse:
    """Show the consent text, and store the voice; 404 for the conversation of another account, and while voice profiles are off."""
    user = user_of(request)
    one = queries.conversation_for(user.pk, conversation_id)
    if one is None or one.owner_id != user.pk or not managed.profiles_on(user.pk):
        raise Http404
    member = queries.member_of(one, str(member_id))
    if member is None:
        raise Http404
    wrong = ""
    if request.method == "POST":
        wrong = _enrol(one, member, request.POST.get("consent") == "yes")
        if not wrong:
            return redirect(f"{HERE}?done=enrolled")
    context: TemplateContext = {
        "conversation": one,
        "member": shown_person(str(member)),
        "wrong": wrong,
        "consent_version": managed.CONSENT_VERSION,
    }
    return render(request, "portal/remember_voice.html", context, status=400 if wrong else 200)


def _enrol(conversation: Conversation, member: Member, consent: bool) -> str:
    """Store the voice of a member; return what is wrong, or an empty text."""
    if not consent:
        return _("Without the consent of the person, no voice is stored. Tick the box if the person agrees.")
    try:
        voice = voice_of(conversation, member)
        managed.enrol(conversation.owner_id, Enrolment(member.name, member.email, voice, VoiceProfile.Consent.CONFIRMED))
    except EnrolmentRefused as refused:
        if refused.problem == SampleProblem.SHORT:
            return _("There is too little of this voice. Six seconds of speech are needed, while nobody else speaks.")
        return str(PROBLEMS[refused.problem])
    except ManagedError as error:
        return wording(error)
    return ""
