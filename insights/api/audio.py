"""The stored audio of a conversation (not part of Symbl's API)."""

from datetime import timedelta
from functools import partial
from typing import Literal
from uuid import UUID
from zlib import crc32

from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponseBase
from ninja import Field, Query, Router, Schema

from insights import access, long_responses, queries
from insights.access import LinkState
from insights.api import auth
from insights.api.byte_ranges import RangeNotSatisfiable, requested_range
from insights.api.errors import ApiError, Problem, not_found
from insights.api.paging import PROBLEMS
from insights.api.redaction import Redaction, redactor
from insights.hidden_speech import MARGIN_S, hidden_speech, masked_speech
from insights.long_responses import Check
from insights.models import Conversation, Reading, StoredAudio
from insights.payloads import iso
from insights.stored_audio import AudioContent, AudioFormat, AudioUnreachable, AudioWanted, Stretch, open_audio

router = Router(tags=["Audio"])

AROUND_S = 0.2
"""Seconds of audio before and after a message."""
SAME_READING = timedelta(minutes=15)
"""After a sentence was shown in the review queue, its audio is no further reading for so long."""
NO_AUDIO = "The conversation has no stored audio of this kind."


class AudioIn(Redaction):
    """Which audio is wanted."""

    session: UUID | None = Field(None, description="Only this session: an `id` or a `sessionId` of the list of sessions. Default: all.")
    message: UUID | None = Field(None, description="Only the stretch of this message, with 0.2 s before and after it.")
    format: AudioFormat = Field(
        AudioFormat.WAV, description="`wav`: the mix, on the clock of the conversation. `ogg`: the file of one session as it was stored."
    )


class SessionAudio(Schema):
    """The audio of one session. `offset`: seconds from the start of the conversation to its first sample."""

    id: UUID
    sessionId: UUID
    speaker: str
    state: Literal["recording", "stored"]
    startTime: str
    offset: float
    duration: float
    size: int


class SessionAudioList(Schema):
    """The stored audio of a conversation, in the order of its start. `duration` and `size` are 0 while a session is being recorded."""

    audio: list[SessionAudio]


@router.get(
    "/v1/conversations/{conversation_id}/audio",
    response={200: None, 206: None, 416: Problem, **PROBLEMS},
    summary="Get the audio",
)
def get_audio(request: HttpRequest, conversation_id: str, redaction: Query[AudioIn]) -> HttpResponseBase:
    """Return the mix of all recorded sessions, or a part of it. Ranges of bytes (`Range`, `If-Range`) are supported.

    Words that were hidden while they were said are silent for everybody but the owner.
    """
    conversation, account = auth.conversation(request, conversation_id), auth.caller(request).pk
    return _answer(request, conversation, redaction, account, lambda: queries.conversation_for(account, conversation_id) is not None)


@router.get(
    "/v1/shared/{secret}/audio",
    auth=None,
    response={200: None, 206: None, 416: Problem, **PROBLEMS},
    summary="Get public audio",
    include_in_schema=False,
)
def get_shared_audio(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Return the mix of all recorded sessions to whoever has a public link that includes the audio. Ranges of bytes are supported."""
    conversation = _shared(secret)
    if conversation is None:
        raise not_found()
    reader = -1 - crc32(access.client_address(request).encode())  # no account: the limit is for the address
    return _answer(request, conversation, AudioIn.model_validate({}), reader, lambda: _shared(secret) is not None, public=True)


@router.get(
    "/v1/review/{insight_id}/audio",
    auth=auth.SignIn(),
    response={200: None, 206: None, 416: Problem, **PROBLEMS},
    summary="Get the audio of a sentence in the review queue",
    include_in_schema=False,
)
def get_reviewed_audio(request: HttpRequest, insight_id: UUID) -> HttpResponseBase:
    """Return the audio of the sentence of an insight, to reviewers who are signed in. Ranges of bytes are supported."""
    reader = auth.caller(request)
    insight = queries.insight_to_review(insight_id) if access.has_role(reader, access.REVIEWER) else None
    if insight is None:
        raise not_found()
    access.note_reading_once(insight.conversation, reader.pk, Reading.Place.QUEUE, SAME_READING)
    wanted = AudioIn.model_validate({"message": insight.message_id})
    exists = partial(_still_reviewed, reader.pk, insight_id)
    return _answer(request, insight.conversation, wanted, reader.pk, exists)


def _still_reviewed(reader_id: int, insight_id: UUID) -> bool:
    return access.is_reviewer(reader_id) and queries.insight_to_review(insight_id) is not None


def _shared(secret: str) -> Conversation | None:
    link = access.link_of(secret, *access.PUBLIC_KINDS)
    if link is None or not link.audio or access.state_of(link) is not LinkState.VALID:
        return None
    return access.published_by(link)


def _answer(
    request: HttpRequest, conversation: Conversation, wanted: AudioIn, account: int, exists: Check, *, public: bool = False
) -> HttpResponseBase:
    content = _content(conversation, wanted, is_owner=account == conversation.owner_id)
    etag = f'"{content.etag}"'
    headers = {"Accept-Ranges": "bytes", "ETag": etag, "Cache-Control": "private, no-store"}
    try:
        part = requested_range(request, content.size, etag)
    except RangeNotSatisfiable:
        headers["Content-Range"] = f"bytes */{content.size}"
        return JsonResponse({"message": f"Range: the audio has {content.size} bytes."}, status=416, headers=headers)
    start, stop = part or (0, content.size)
    headers["Content-Length"] = str(stop - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{content.size}"
    return long_responses.answer(
        request,
        content.pieces(start, stop),
        account=account,
        exists=exists,
        public=public,
        content_type=content.content_type,
        headers=headers,
        status=200 if part is None else 206,
    )


@router.get(
    "/v1/conversations/{conversation_id}/audio/sessions",
    response={200: SessionAudioList, 401: Problem, 404: Problem},
    summary="List recorded sessions",
)
def list_audio(request: HttpRequest, conversation_id: str) -> SessionAudioList:
    """Return which sessions of the conversation have stored audio."""
    conversation = auth.conversation(request, conversation_id)
    return SessionAudioList(audio=[_session(conversation, audio) for audio in queries.audio_of(conversation)])


def _content(conversation: Conversation, wanted: AudioIn, *, is_owner: bool) -> AudioContent:
    """Return what is wanted; only the owner hears what was hidden while it was said. Raises 400, 404 or 503."""
    stretch = _stretch(conversation, wanted.message) if wanted.message else None
    hides = redactor(conversation, wanted)
    audio = list(queries.audio_of(conversation, wanted.session))
    if not audio:
        raise ApiError(404, NO_AUDIO)
    hidden = queries.deleted_speech(conversation)
    if hides:
        hidden += hidden_speech(conversation, hides)
    elif not is_owner:
        hidden += masked_speech(conversation)
    if wanted.format is AudioFormat.OGG and (len(audio) > 1 or stretch or hides or hidden):
        text = "ogg is possible for one whole session only (`session`), without `message` and `redact`, and if no words are hidden"
        raise ApiError(400, f"format: {text}; use wav")
    hidden = [(start - MARGIN_S, end + MARGIN_S) for start, end in hidden]
    try:
        return open_audio(AudioWanted(conversation, audio, wanted.format, stretch, hidden))
    except AudioUnreachable as error:
        raise ApiError(503, str(error)) from None


def _stretch(conversation: Conversation, message_id: UUID) -> Stretch:
    times = queries.speech_times(conversation, message_id)
    if times is None:
        raise ApiError(404, "message: is not the id of a message of this conversation")
    return times[0] - AROUND_S, times[1] + AROUND_S


def _session(conversation: Conversation, audio: StoredAudio) -> SessionAudio:
    member = audio.member.merged_into or audio.member if audio.member else None
    return SessionAudio(
        id=audio.id,
        sessionId=audio.session_id,
        speaker=str(member) if member else "",
        state="recording" if audio.state == StoredAudio.State.RECORDING else "stored",
        startTime=iso(audio.started_at),
        offset=round((audio.started_at - conversation.started_at).total_seconds(), 3),
        duration=round(audio.seconds, 3),
        size=audio.size,
    )
