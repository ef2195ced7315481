"""The voice profiles of an account: list, enrol, rename, share with a team, delete. Not part of Symbl's API."""

from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.core.validators import validate_email
from django.http import HttpRequest
from django.http.multipartparser import MultiPartParserError
from ninja import Field, Router, Schema
from pydantic import ValidationError as PydanticError

from insights import managed, queries, voice_enrolment
from insights.api import auth
from insights.api.errors import ApiError, sentence
from insights.api.managing import READ_PROBLEMS, WRITE_PROBLEMS, Deleted, managing
from insights.managed import Enrolment
from insights.member_voice import voice_of
from insights.models import AccessLevel, Team, VoiceProfile
from insights.names import LONGEST_NAME, UNNAMED
from insights.payloads import iso
from insights.snapshots import JsonObject
from insights.voice_enrolment import EnrolledVoice, EnrolmentRefused, SampleProblem

router = Router(tags=["Voice profiles"])
UNKNOWN = "The profileId is either invalid or does not exist."
OFF_HERE = "Voice profiles are off on this server. An administrator sets VOICE_PROFILES."
OFF = "Voice profiles are off for this account. Switch them on in the portal: Account, Voices."
CONSENT = "consent: must be true: the person accepted the consent text, which Account, Voices shows"
REFUSALS: dict[SampleProblem, str] = {
    SampleProblem.FORMAT: "cannot be used",
    SampleProblem.SHORT: "there is too little speech of this person; at least 6 seconds are needed,"
    " and 1.5 in each 30 seconds of a recording",
    SampleProblem.SEVERAL: "another voice is in the recording",
    SampleProblem.DIFFERENT: "the parts of the recording do not sound like one person",
}
MOST_ID = 2**63 - 1


class VoiceTeam(Schema):
    """A team of yours."""

    id: int
    name: str


class VoiceConsent(Schema):
    """The record of the consent: who agreed, how, to which version of the text, and when.

    `how`: `reading`, the person accepted the text and read sentences aloud; `confirmed`, you confirmed that the person accepted it.
    """

    of: str
    how: str
    version: str
    agreedOn: str


class VoiceProfileOut(Schema):
    """A voice profile. `seconds`: speech from which it was computed; `team`: the people who may use it, too."""

    id: str
    name: str
    email: str
    team: VoiceTeam | None
    seconds: float
    consent: VoiceConsent
    createdOn: str
    updatedOn: str
    lastUsedOn: str | None


class SharedVoiceProfile(Schema):
    """A voice profile of somebody else, which your conversations use."""

    id: str
    name: str
    team: VoiceTeam
    sharedBy: str


class VoiceProfileList(Schema):
    """Your profiles, those that others share with you, and the teams with which you can share.

    `enabled`: the server and your account have switched voice profiles on. While they are off, profiles are stored and not used.
    """

    enabled: bool
    profiles: list[VoiceProfileOut]
    shared: list[SharedVoiceProfile]
    teams: list[VoiceTeam]


class VoiceProfileOne(Schema):
    """One voice profile."""

    profile: VoiceProfileOut


class _Shared(Schema):
    teamId: int | None = Field(None, ge=1, le=MOST_ID, description="A team that you are in; none by default.")


class RecordedVoice(_Shared):
    """The fields of the form beside the recording."""

    name: str = Field(max_length=LONGEST_NAME, description="Who the person is.")
    email: str = Field("", max_length=LONGEST_NAME)
    consent: bool = Field(description="true: the person accepted the consent text. It is recorded.")


class SpeakerVoice(_Shared):
    """A speaker of one of your conversations, who has a name, and the consent of that person, which is recorded."""

    conversationId: str
    memberId: str
    consent: bool = Field(description="true: the person accepted the consent text. It is recorded.")


class VoiceProfileChange(_Shared):
    """The fields to replace; the others stay. `teamId` null: nobody else uses the profile."""

    name: str | None = Field(None, max_length=LONGEST_NAME)
    email: str | None = Field(None, max_length=LONGEST_NAME)


_FORM: JsonObject = {
    "requestBody": {
        "required": True,
        "description": "A form whose first file is a recording of the person alone: any audio format of imports, at most 90 seconds.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["name", "consent", "audio"],
                    "properties": {
                        "name": {"type": "string", "minLength": 1, "maxLength": LONGEST_NAME},
                        "email": {"type": "string", "maxLength": LONGEST_NAME},
                        "consent": {"type": "string", "enum": ["true"]},
                        "teamId": {"type": "integer", "minimum": 1},
                        "audio": {"type": "string", "format": "binary", "minLength": 1},
                    },
                }
            }
        },
    }
}


@router.get("/v1/manage/voice-profiles", response={200: VoiceProfileList, **READ_PROBLEMS}, summary="List voice profiles")
def list_voice_profiles(request: HttpRequest) -> VoiceProfileList:
    """Return your voice profiles, and those that people of your teams share, by name. No call returns what describes a voice."""
    account = auth.caller(request).pk
    return VoiceProfileList(
        enabled=managed.profiles_on(account),
        profiles=[_form(one) for one in managed.profiles_of(account)],
        shared=[
            SharedVoiceProfile(id=str(one.id), name=one.name, team=_team(one.team), sharedBy=one.owner.get_username())
            for one in managed.profiles_shared_with(account)
            if one.team is not None
        ],
        teams=[_team(one) for one in managed.teams_to_share_with(account)],
    )


@router.post(
    "/v1/manage/voice-profiles",
    response={200: VoiceProfileOne, **WRITE_PROBLEMS},
    openapi_extra=_FORM,
    summary="Enrol a voice by a recording",
)
def enrol_recording(request: HttpRequest) -> VoiceProfileOne:
    """Store the voice of a person who agreed, by a recording of at least 6 seconds of speech. The audio is not stored.

    The same name again adds to the profile. 403 while voice profiles are off.
    """
    account = _enabled_account(request)
    asked = _recorded(request)
    audio = next(iter(request.FILES.values()), None)
    if not isinstance(audio, UploadedFile) or not audio.size:
        raise ApiError(400, "audio: a form (multipart/form-data) with a recording as its first file is needed")
    _check(account, asked.consent, asked.teamId, asked.email)
    try:
        voice = voice_enrolment.from_recording(audio.read())
    except EnrolmentRefused as refused:
        raise _refused("audio", refused) from None
    return _enrolled(account, Enrolment(asked.name, asked.email, voice, VoiceProfile.Consent.CONFIRMED), asked.teamId)


@router.post("/v1/manage/voice-profiles/speaker", response={200: VoiceProfileOne, **WRITE_PROBLEMS}, summary="Enrol the voice of a speaker")
def enrol_speaker(request: HttpRequest, body: SpeakerVoice) -> VoiceProfileOne:
    """Store the voice of a speaker who was told apart in one of your conversations, under the speaker's name and address.

    It is possible while the conversation is live and for seven days after its end. 403 while voice profiles are off.
    """
    account = _enabled_account(request)
    conversation = auth.conversation(request, body.conversationId, AccessLevel.OWN)
    member = queries.member_of(conversation, body.memberId)
    if member is None:
        raise ApiError(404, "memberId: the conversation has no such member")
    if UNNAMED.fullmatch(member.name):
        raise ApiError(400, f"memberId: {member.name} has no name of a person yet; rename the member first")
    _check(account, body.consent, body.teamId)
    try:
        voice: EnrolledVoice = voice_of(conversation, member)
    except EnrolmentRefused as refused:
        raise _refused("memberId", refused) from None
    return _enrolled(account, Enrolment(member.name, member.email, voice, VoiceProfile.Consent.CONFIRMED), body.teamId)


@router.get("/v1/manage/voice-profiles/{profile_id}", response={200: VoiceProfileOne, **READ_PROBLEMS}, summary="Get a voice profile")
def read_voice_profile(request: HttpRequest, profile_id: str) -> VoiceProfileOne:
    """Return one of your voice profiles. 404 for one that somebody shares with you."""
    return VoiceProfileOne(profile=_form(_own(request, profile_id)))


@router.put("/v1/manage/voice-profiles/{profile_id}", response={200: VoiceProfileOne, **WRITE_PROBLEMS}, summary="Change a voice profile")
def change_voice_profile(request: HttpRequest, profile_id: str, body: VoiceProfileChange) -> VoiceProfileOne:
    """Rename a voice profile, or share it with a team. The record of the consent stays."""
    stored = _own(request, profile_id)
    email = stored.email if body.email is None else body.email
    _check_email(email)
    with managing(UNKNOWN):
        changed = managed.change_profile(
            stored.owner_id,
            stored.id,
            name=stored.name if body.name is None else body.name,
            email=email,
            team_id=body.teamId if "teamId" in body.model_fields_set else stored.team_id,
        )
    return VoiceProfileOne(profile=_form(changed))


@router.delete("/v1/manage/voice-profiles/{profile_id}", response={200: Deleted, **WRITE_PROBLEMS}, summary="Delete a voice profile")
def delete_voice_profile(request: HttpRequest, profile_id: str) -> Deleted:
    """Delete a voice profile at once and for good. Names that it gave stay in their conversations."""
    stored = _own(request, profile_id)
    if not managed.delete_profile(stored.owner_id, stored.id):
        raise ApiError(404, UNKNOWN)
    return Deleted(id=str(stored.id), type="voice-profile")


def _enabled_account(request: HttpRequest) -> int:
    """Return the caller's id. Raises 403 while voice profiles are off."""
    account = auth.caller(request).pk
    if not managed.profiles_on(account):
        raise ApiError(403, OFF if settings.VOICE_PROFILES else OFF_HERE)
    return account


def _recorded(request: HttpRequest) -> RecordedVoice:
    try:
        return RecordedVoice.model_validate(request.POST.dict())
    except MultiPartParserError:
        raise ApiError(400, "body: the form cannot be read") from None
    except PydanticError as error:
        details = error.errors(include_url=False, include_context=False, include_input=False)
        raise ApiError(400, "; ".join(sentence(dict(detail)) for detail in details)) from None


def _check(account: int, consent: bool, team_id: int | None, email: str = "") -> None:
    """Raise 400 without consent, for a team of other people, and for an address that is none, before a voice is computed."""
    if not consent:
        raise ApiError(400, CONSENT)
    if team_id is not None and all(team.pk != team_id for team in managed.teams_to_share_with(account)):
        raise ApiError(400, "teamId: only a team that you are in can be chosen")
    _check_email(email)


def _check_email(email: str) -> None:
    try:
        if email:
            validate_email(email)
    except ValidationError:
        raise ApiError(400, "email: must be an e-mail address, or empty") from None


def _refused(field: str, refused: EnrolmentRefused) -> ApiError:
    if refused.problem == SampleProblem.OFF:
        return ApiError(403, "This server cannot tell voices apart. An administrator sets SPEAKER_MODELS.")
    return ApiError(400, f"{field}: {refused.detail or REFUSALS[refused.problem]}")


def _enrolled(account: int, wanted: Enrolment, team_id: int | None) -> VoiceProfileOne:
    with managing(UNKNOWN):
        profile = managed.enrol(account, wanted)
        if team_id is not None:
            profile = managed.change_profile(account, profile.id, name=profile.name, email=profile.email, team_id=team_id)
    return VoiceProfileOne(profile=_form(profile))


def _own(request: HttpRequest, profile_id: str) -> VoiceProfile:
    """Return a profile of the caller. Raises 404."""
    try:
        identity = UUID(profile_id)
    except ValueError:
        raise ApiError(404, UNKNOWN) from None
    profile = managed.profiles_of(auth.caller(request).pk).filter(id=identity).first()
    if profile is None:
        raise ApiError(404, UNKNOWN)
    return profile


def _team(team: Team) -> VoiceTeam:
    return VoiceTeam(id=team.pk, name=team.name)


def _form(row: VoiceProfile) -> VoiceProfileOut:
    consent = VoiceConsent(of=row.consent_of, how=row.consent, version=row.consent_version, agreedOn=iso(row.consented_at))
    return VoiceProfileOut(
        id=str(row.id),
        name=row.name,
        email=row.email,
        team=None if row.team is None else _team(row.team),
        seconds=round(row.seconds, 1),
        consent=consent,
        createdOn=iso(row.created_at),
        updatedOn=iso(row.updated_at),
        lastUsedOn=None if row.last_used_at is None else iso(row.last_used_at),
    )
