"""Experiences: Symbl's pages that show a conversation. Each is a page of this server.

It is for those who may see the conversation, and public by a link with a secret if the account of the owner allows it.
"""

from typing import Annotated, Literal

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema
from pydantic import BeforeValidator, Field

from insights import access, recorder
from insights.api import auth
from insights.api.editing import editing
from insights.api.errors import COMMON_PROBLEMS, Problem
from insights.api.paging import responses
from insights.api.summary import SummaryList, read_summary
from insights.api.summary import router as summaries
from insights.ids import id_number
from insights.models import AccessLevel, Conversation, Experience
from insights.recorder import Look

Name = Literal["text-summary", "verbose-text-summary", "audio-summary", "video-summary"]

router = Router(tags=["Experiences"])
_ROOT = "/v1/conversations/{conversation_id}/experiences"
UNKNOWN = "The experienceId is either invalid or does not exist."
WITH_AUDIO: Name = "audio-summary"
"""The page that plays the stored audio where the account allows it."""
LONGEST_EXPIRY_S = 10 * 366 * 24 * 3600

_NOT_LOADED = {
    "audioUrl": "the page plays no audio from another host",
    "videoUrl": "the page plays no video from another host",
    "logo": "the page loads no picture from another host",
    "favicon": "the page loads no picture from another host",
    "enableCustomDomain": "the page has the address of this server",
    "readOnly": "the page is always read-only",
}
"""The options that are accepted and not used, with the reason."""


def _lower(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


def _absent_if_empty(value: object) -> object:
    return None if value == "" else value


Colour = Annotated[Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")] | None, BeforeValidator(_absent_if_empty), BeforeValidator(_lower)]
HttpsUrl = Annotated[Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)] | None, BeforeValidator(_absent_if_empty)]


class Colours(Schema):
    """Colours as `#rrggbb`."""

    background: Colour = None
    topicsFilter: Colour = None
    insightsFilter: Colour = None


class Font(Schema):
    """The name of a font that the reader's device has; letters, digits, spaces and hyphens."""

    family: Annotated[
        Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9 -]*$", max_length=64)] | None, BeforeValidator(_absent_if_empty)
    ] = None


class ExperienceIn(Schema):
    """A page to make. `summaryURLExpiresIn`: seconds until it is gone; 0: never."""

    name: Name
    summaryURLExpiresIn: int = Field(0, ge=0, le=LONGEST_EXPIRY_S)
    color: Colours | None = None
    font: Font | None = None
    audioUrl: HttpsUrl = None
    videoUrl: HttpsUrl = None
    logo: HttpsUrl = None
    favicon: HttpsUrl = None
    readOnly: bool | None = None
    enableCustomDomain: bool | None = None


class ExperienceOut(Schema):
    """The page's name and URL. `warning` names the options that were accepted and are not used."""

    id: str
    name: str
    url: str
    warning: str | None = None


class MediaIn(Schema):
    """The recording that Symbl's page of a conversation would play."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$", max_length=2000)]


class MediaOut(Schema):
    """`warning` says that the URL is not used."""

    id: str
    warning: str


class PageUrl(Schema):
    """The URL of a page."""

    url: str


class DeletedExperience(Schema):
    """The answer to a deletion."""

    id: str
    type: str = "experience"
    deleted: bool = True


@router.post(_ROOT, response={200: ExperienceOut, **COMMON_PROBLEMS}, exclude_none=True, summary="Make a summary page")
def create_experience(request: HttpRequest, conversation_id: str, body: ExperienceIn) -> ExperienceOut:
    """Make a page with the summary, the topics and the insights. Its readers must sign in and be allowed to see the conversation, unless
    your account makes such pages public: then `url` is a public link."""
    conversation = auth.conversation(request, conversation_id)
    colours = body.color or Colours()
    look = Look(
        colours.background or "", colours.topicsFilter or "", colours.insightsFilter or "", (body.font.family if body.font else None) or ""
    )
    with editing():
        made = recorder.add_experience(conversation.pk, body.name, look, body.summaryURLExpiresIn)
    path, cut = _address(request, conversation, made)
    url = request.build_absolute_uri(path)
    return ExperienceOut(id=str(made.pk), name=made.name, url=url, warning=_warning(body, cut))


@summaries.post(
    "/v1/conversations/{conversation_id}/summary",
    response={200: ExperienceOut, **COMMON_PROBLEMS},
    exclude_none=True,
    tags=["Experiences"],
    summary="Make a summary page (path of the Go SDK)",
)
def create_experience_at_summary(request: HttpRequest, conversation_id: str, body: ExperienceIn) -> ExperienceOut:
    """Do the same as a POST to `/experiences`: `GetTextSummaryUI` and the like of Symbl's Go SDK 0.3 use this path."""
    return create_experience(request, conversation_id, body)


@router.get(_ROOT, response=responses(SummaryList), exclude_none=True, summary="Get the summary (path of the Go SDK)")
def read_summary_at_experiences(request: HttpRequest, conversation_id: str) -> SummaryList:
    """Return the same as `/summary`: `GetSummary` of Symbl's Go SDK requests this path."""
    return read_summary(request, conversation_id)


@router.put(_ROOT + "/url", response={200: MediaOut, **COMMON_PROBLEMS}, summary="Name the recording of the page of a conversation")
def update_media_url(request: HttpRequest, conversation_id: str, body: MediaIn) -> MediaOut:
    """Accept the URL without using it, and say so: a page loads nothing from another host. Symbl's Go SDK has this call
    (`UpdateMediaUrlForInsightsDetailsUI`)."""
    conversation = auth.conversation(request, conversation_id, AccessLevel.EDIT)
    return MediaOut(id=str(conversation.pk), warning="url is not used: the page plays stored audio, and nothing from another host")


@router.delete(_ROOT + "/{experience_id}", response={200: DeletedExperience, **COMMON_PROBLEMS}, summary="Remove a summary page")
def delete_experience(request: HttpRequest, conversation_id: str, experience_id: str) -> DeletedExperience:
    """Remove the page; the conversation stays (an extension)."""
    conversation = auth.conversation(request, conversation_id, AccessLevel.EDIT)
    with editing(UNKNOWN):
        recorder.delete_experience(conversation.pk, id_number(experience_id))
    return DeletedExperience(id=experience_id)


@router.get(
    "/v1/conversations/experiences/insights/list",
    response={200: PageUrl, 400: Problem, 401: Problem},
    summary="Get the page of all conversations",
)
def read_list_page(request: HttpRequest, includeCallScore: bool = False) -> PageUrl:  # noqa: N803
    """Return the URL of the list of your conversations. `includeCallScore` has no effect."""
    return PageUrl(url=request.build_absolute_uri(reverse("conversations")))


@router.get(
    "/v1/conversations/experiences/insights/details/{conversation_id}",
    response={200: PageUrl, **COMMON_PROBLEMS},
    summary="Get the page of a conversation",
)
def read_details_page(request: HttpRequest, conversation_id: str, includeCallScore: bool = False) -> PageUrl:  # noqa: N803
    """Return the URL of a conversation's page. `includeCallScore` has no effect."""
    conversation = auth.conversation(request, conversation_id)
    return PageUrl(url=request.build_absolute_uri(reverse("conversation", args=[conversation.pk])))


def _address(request: HttpRequest, conversation: Conversation, made: Experience) -> tuple[str, bool]:
    """Return the path of a page, and whether its public link ends before it. Only the owner's own calls make a public link."""
    owner = auth.caller(request)
    wanted = access.settings_of(owner)
    if owner.pk != conversation.owner_id or not wanted.public_summaries:
        return reverse("experience", args=[conversation.pk, made.pk]), False
    link = access.create_summary_link(conversation, made, audio=wanted.public_summary_audio and made.name == WITH_AUDIO)
    return reverse("shared", args=[access.secret_of(link)]), made.expires_at != link.expires_at


def _warning(body: ExperienceIn, cut: bool) -> str | None:
    parts = [f"{field} is not used: {reason}" for field, reason in _NOT_LOADED.items() if getattr(body, field)]
    if cut:
        parts.append(f"summaryURLExpiresIn: a public link expires after {access.LONGEST_LINK_DAYS} days")
    return "; ".join(parts) or None
