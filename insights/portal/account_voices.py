"""The voice profiles of an account: switch them on, enrol by reading sentences, rename, share with a team, delete."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from insights import managed, reason_words, voice_enrolment
from insights.managed import Enrolment, ManagedError
from insights.models import Team, VoiceProfile
from insights.names import LONGEST_NAME
from insights.portal.account import part
from insights.portal.signed_in import user_of
from insights.portal.template_context import TemplateContext
from insights.voice_enrolment import EnrolmentRefused, SampleProblem

HERE = "/account/voices/"
SENTENCES = (
    gettext_lazy("On a clear morning in June, the quiet harbour fills with boats, voices and the smell of fresh bread."),
    gettext_lazy("She asked whether the train to the mountains would leave before eight, or wait for the other passengers."),
    gettext_lazy("We counted thirty-five yellow birds in the garden, although it had been raining since Thursday."),
)
"""What a person reads to enrol."""
MOST_BYTES = 2 * 16_000 * 30
"""Bytes of one sentence: 30 s of LINEAR16 at 16 kHz."""
DONE = {
    "on": gettext_lazy("Voice profiles are on."),
    "off": gettext_lazy("Voice profiles are off. Stored profiles are not used."),
    "enrolled": gettext_lazy("Voice profile saved."),
    "changed": gettext_lazy("Voice profile changed."),
    "deleted": gettext_lazy("Voice profile deleted for good."),
}
_NOBODY = gettext_lazy("Nobody")
PROBLEMS: dict[SampleProblem, Promise] = {
    SampleProblem.OFF: gettext_lazy("This server cannot tell voices apart. An administrator sets SPEAKER_MODELS."),
    SampleProblem.FORMAT: gettext_lazy("A recording may have at most 30 seconds. Record the sentence again."),
    SampleProblem.SHORT: gettext_lazy("There is too little speech in a recording. Read the whole sentence."),
    SampleProblem.SEVERAL: gettext_lazy("Another voice is in a recording. Record the sentence again where nobody else speaks."),
    SampleProblem.DIFFERENT: gettext_lazy(
        "The recordings do not sound like one person. Record all sentences again, with the same microphone."
    ),
}


class VoiceForm(forms.Form):
    """Who the voice is, and with which team the profile is shared."""

    name = forms.CharField(label=gettext_lazy("Name"), max_length=LONGEST_NAME, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    email = forms.EmailField(
        label=gettext_lazy("E-mail address (optional)"),
        max_length=LONGEST_NAME,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )
    team: "forms.ModelChoiceField[Team]" = forms.ModelChoiceField(
        None, label=gettext_lazy("Shared with"), required=False, empty_label=gettext_lazy("Nobody")
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        team = self.fields["team"]
        assert isinstance(team, forms.ModelChoiceField)  # noqa: S101  # it is declared above
        team.queryset = managed.teams_to_share_with(user.pk)

    @classmethod
    def of(cls, user: User, profile: VoiceProfile) -> "VoiceForm":
        """Return the form of a stored profile."""
        values = {"name": profile.name, "email": profile.email, "team": profile.team_id}
        return cls(user, initial=values, auto_id=f"voice-{profile.id}-%s")


def page(request: HttpRequest, status: int = 200, **parts: Any) -> HttpResponse:
    """Return the page; `parts` replaces parts of it, such as an error."""
    user = user_of(request)
    context: TemplateContext = {
        "installed": settings.VOICE_PROFILES,
        "on": managed.profiles_on(user.pk),
        "form": VoiceForm(user, initial={"name": user.get_full_name(), "email": user.email}),
        "sentences": SENTENCES,
        "profiles": [(one, VoiceForm.of(user, one)) for one in managed.profiles_of(user.pk)],
        "shared": managed.profiles_shared_with(user.pk),
        "consent_version": managed.CONSENT_VERSION,
        **parts,
    }
    return part(request, "voices", context, status)


@require_GET
@login_required
@never_cache
def voices(request: HttpRequest) -> HttpResponse:
    """Show the profiles, with a confirmation of the last action."""
    return page(request, done=DONE.get(request.GET.get("done", "")))


@require_POST
@login_required
def switch(request: HttpRequest) -> HttpResponse:
    """Switch voice profiles on or off for the account."""
    on = request.POST.get("on") == "yes"
    if on and not settings.VOICE_PROFILES:
        raise Http404
    managed.set_profiles_on(user_of(request), on)
    return redirect(f"{HERE}?done={'on' if on else 'off'}")


@require_POST
@login_required
def enrol(request: HttpRequest) -> HttpResponse:
    """Store the voice that reads the sentences, sent as the files `sample0` to `sample2`. Answers in JSON, for the script of the page."""
    user = user_of(request)
    if not managed.profiles_on(user.pk):
        raise Http404
    form = VoiceForm(user, request.POST)
    if request.POST.get("consent") != "yes":
        return _refused(_("Without your consent, no voice is stored. Tick the box if you agree."))
    if not form.is_valid():
        return _refused(_first_error(form))
    samples = [_content(request.FILES.get(f"sample{place}")) for place in range(len(SENTENCES))]
    try:
        voice = voice_enrolment.from_samples(samples)
    except EnrolmentRefused as refused:
        return _refused(str(PROBLEMS[refused.problem]), refused.sample)
    values = form.cleaned_data
    try:
        profile = managed.enrol(user.pk, Enrolment(values["name"], values["email"], voice, VoiceProfile.Consent.READING))
        if values["team"]:
            managed.change_profile(user.pk, profile.id, name=profile.name, email=profile.email, team_id=values["team"].pk)
    except ManagedError as error:
        return _refused(wording(error))
    return JsonResponse({"next": f"{HERE}?done=enrolled"})


@require_POST
@login_required
def change(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Rename a profile, or share it with a team; 404 for that of another account."""
    user = user_of(request)
    form = VoiceForm(user, request.POST)
    try:
        if not form.is_valid():
            return page(request, 400, wrong=_first_error(form))
        values = form.cleaned_data
        team_id = values["team"].pk if values["team"] else None
        managed.change_profile(user.pk, profile_id, name=values["name"], email=values["email"], team_id=team_id)
    except managed.Unknown:
        raise Http404 from None
    except ManagedError as error:
        return page(request, 400, wrong=wording(error))
    return redirect(f"{HERE}?done=changed")


@require_POST
@login_required
def delete(request: HttpRequest, profile_id: UUID) -> HttpResponse:
    """Delete a profile for good; 404 for that of another account."""
    if not managed.delete_profile(user_of(request).pk, profile_id):
        raise Http404
    return redirect(f"{HERE}?done=deleted")


def wording(error: ManagedError) -> str:
    """Return an error of the profiles as a sentence of the page."""
    match error:
        case managed.Taken():
            return _("Another voice profile has this name.")
        case managed.TooMany():
            return _("You have as many voice profiles as an account can have. Delete one first.")
        case _:
            return reason_words.as_sentence(str(error).partition(": ")[2] or str(error))


def _content(file: object) -> bytes:
    if not isinstance(file, UploadedFile) or (file.size or 0) > MOST_BYTES:
        return b""
    return bytes(file.read())


def _first_error(form: forms.Form) -> str:
    name, errors = next(iter(form.errors.items()))
    label = form.fields[name].label if name in form.fields else name
    return f"{label}: {errors[0]}"


def _refused(message: str, sample: int | None = None) -> JsonResponse:
    return JsonResponse({"message": message} | ({} if sample is None else {"sample": sample}), status=400)
