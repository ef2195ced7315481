"""Hold a conversation: it is transcribed while you speak, and its questions, action items and topics are found.

The live conversation as a stream: audio in, Symbl messages out as AdditionalOutputs, over every transport. Shows an asynchronous
handler, declared inputs, the session context, and a clean end: `shutdown` waits until the last words are stored and sent.
A session that reconnects with the same id continues its conversation.
"""

import asyncio
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from django.utils.translation import gettext_noop
from pydantic import BaseModel, ConfigDict, Field

from insights import insight_kinds
from insights.recorder import Joined, RecorderError, SpeakerIdentity
from streaming import AdditionalOutputs, AsyncStreamHandler, CloseStream, Stream, WebRTCError, get_current_context
from streaming.audio.codecs import AudioError
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import JobProgress, PresentPeople, PresentPerson, StoredEvent, TranscriptUpdate
from streaming.conversations.conversation_handler import LAST_WORDS_S, ConversationHandler
from streaming.conversations.live_speech import LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.conversations.rendered_events import recognition_message
from streaming.handlers.context import error_message, warning_message
from streaming.handlers.stream_handlers import AudioFrame
from streaming.protocols.json_message import JsonMessage
from streaming.protocols.symbl import View, conversation_deleted, job_progress, render_event
from streaming.speech.engines.base import RecogniserError
from streaming.types.session_end import TEXTS, End

RATE = 16_000

if TYPE_CHECKING:
    InsightType = str
else:  # the registered kinds are known only at run time
    InsightType = Literal[insight_kinds.wire_types()]


class Options(BaseModel):
    """What programs may set beside the inputs of people, such as the live page."""

    model_config = ConfigDict(extra="forbid")

    user_id: str = Field(default="", max_length=320, description="What identifies the speaker; without it, the name does.")
    title: str = Field(default="", max_length=500, description="The title of a conversation that this session starts.")
    timezone_offset: int = Field(default=0, ge=-1440, le=1440, description="Minutes east of UTC.")
    several: bool = Field(default=False, description="Several people speak in the audio; they are told apart.")
    language: str = Field(
        default="en-US", max_length=35, pattern="^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$", description="What is spoken, or `auto`."
    )
    translate: bool = Field(default=False, description="Messages in another language get a translation into English.")
    final: bool = Field(default=False, description="The conversation ends with the session, unless somebody else speaks in it.")


class StartData(Options):
    """The options that a client may send with its offer or start (`user_data`): a telephone call can send them in no other way."""

    speaker_name: str = Field(default="", max_length=320, description="The name of the speaker.")


class Inputs(BaseModel):
    """The inputs that the input hook accepts."""

    model_config = ConfigDict(extra="forbid")

    conf_threshold: float = Field(default=0.5, ge=0, le=1, title="Least confidence", description="Insights below it are left out.")
    insight_types: list[InsightType] = Field(
        default=list(insight_kinds.wire_types()), title="Insights", description="The kinds that you want."
    )
    speaker_name: str = Field(
        default="", max_length=320, title="Your name", description="Shown to others. Without a name, your messages have no speaker."
    )
    options: Options = Field(default_factory=Options, description="Further options for programs.")


class ConversationStreamHandler(AsyncStreamHandler):
    """One speaker in a conversation, which begins with the first audio."""

    shutdown_s = LAST_WORDS_S

    def __init__(self) -> None:
        super().__init__(input_sample_rate=RATE)
        self._conversation: ConversationHandler[JsonMessage] | None = None
        self._inputs = Inputs()
        self._start_options = StartOptions()
        self._refused = False
        self._present_in: int | None = None
        self._subscribed = asyncio.Event()
        self._ending = False  # audio that is still queued must not join again: nothing would leave

    def copy(self) -> "ConversationStreamHandler":
        """Return a handler for another session."""
        return ConversationStreamHandler()

    async def start_up(self) -> None:
        """Prepare for a signed-in user. Raises WebRTCError for an anonymous client, because conversations have an owner."""
        context = get_current_context()
        if context.user_id is None or context.session_id is None:
            raise WebRTCError("sign in to hold a conversation")
        if isinstance(context.user_data, StartData):
            options = Options(**context.user_data.model_dump(exclude={"speaker_name"}))
            self._inputs = Inputs(speaker_name=context.user_data.speaker_name, options=options)
        speech = LiveSpeech(runtime(), context.session_id, context.user_id, context.webrtc_id, self._on_error)
        self._conversation = ConversationHandler(speech)

    def set_args(self, args: list[Any]) -> None:
        """Take the client's inputs. A telephone has none; what comes there are the outputs, which are no inputs."""
        if not self.phone_mode:
            super().set_args(args)

    async def receive(self, frame: AudioFrame) -> None:
        """Transcribe the audio; after a change of the inputs, leave and join the same conversation again."""
        conversation = self._conversation
        if conversation is None or self._refused or self._ending:
            return
        self._inputs = self._latest_inputs()
        start_options = self._start_options_of(self._inputs)
        if not conversation.speech.active or start_options != self._start_options:
            await self._begin(conversation, start_options)
        await conversation.speech.feed(frame[1].tobytes())
        joined = conversation.speech.joined
        if joined is not None and not conversation.is_subscribed_to(joined):  # the next audio frame tries again after a database error
            await conversation.subscribe(joined, joined.cursor - len(joined.events), self)
            self._enter(joined)
            self._subscribed.set()

    async def emit(self) -> AdditionalOutputs | CloseStream | None:
        """Return the next message; after the deletion of the conversation, end the session."""
        await self._subscribed.wait()
        events = self._conversation.events if self._conversation is not None else None
        message = await anext(events, None) if events is not None else None
        if message is not None:
            return AdditionalOutputs(message)
        if events is not None and events.deleted:
            self._ending = True
            return CloseStream(TEXTS[End.DELETED])
        if self._conversation is None or self._conversation.events is events:
            self._subscribed.clear()  # everything is sent
        return None

    async def shutdown(self) -> None:
        """Store and send the pending speech."""
        self._ending = True
        if self._conversation is None:
            return
        runtime().presence.leave(self._present_in, self)
        try:
            await self._conversation.finish()
            final = self._latest_inputs().options.final
            await self._conversation.speech.leave(final=final, discard_empty=not final)
        finally:
            await self._conversation.unsubscribe()

    def event(self, event: StoredEvent) -> list[JsonMessage]:
        """Render an event for the inputs at that time."""
        view = View(insight_types=frozenset(self._inputs.insight_types), confidence_threshold=self._inputs.conf_threshold)
        return render_event(event.event, event.number, view)

    def update(self, update: TranscriptUpdate) -> list[JsonMessage]:
        """Render a recognition result."""
        return [recognition_message(update)]

    def found(self, update: TranscriptUpdate) -> None:
        """Find nothing: the stream sends insights that are stored."""

    def progress(self, progress: JobProgress) -> list[JsonMessage]:
        """Render the progress of a job."""
        return [job_progress(progress)]

    def present(self, people: PresentPeople) -> list[JsonMessage]:
        """Return nothing: the stream tells its client what is said."""
        return []

    def deleted(self, conversation_id: int) -> list[JsonMessage]:
        """Render the deletion of the conversation."""
        return [conversation_deleted(conversation_id)]

    def _enter(self, joined: Joined) -> None:
        """Show the speaker as present."""
        runtime().presence.leave(self._present_in, self)
        self._present_in = joined.conversation_id
        member = joined.member
        identity, name = (member.user_id or member.id, member.name) if member is not None else (str(id(self)), "")
        runtime().presence.enter(joined.conversation_id, self, PresentPerson(identity, name or "Unknown speaker", True))

    async def _begin(self, conversation: ConversationHandler[JsonMessage], start_options: StartOptions) -> None:
        """Join, or join again with other options. Raises WebRTCError when it is refused."""
        self._start_options = start_options
        try:
            await conversation.begin(start_options)
        except (AudioError, LanguageError, RecogniserError, RecorderError) as error:
            self._refused = True
            raise WebRTCError(str(error)) from error
        if conversation.speech.speakers_warning:
            self.parley.send_message(warning_message(conversation.speech.speakers_warning))

    def _latest_inputs(self) -> Inputs:
        values = self.latest_args[1:]
        return Inputs(**dict(zip(Inputs.model_fields, values, strict=False))) if values else self._inputs

    def _start_options_of(self, inputs: Inputs) -> StartOptions:
        options = inputs.options
        return StartOptions(
            speaker=SpeakerIdentity(options.user_id, inputs.speaker_name) if options.user_id or inputs.speaker_name else None,
            title=options.title,
            several_speakers=options.several,
            language=options.language,
            translate=options.translate,
            timezone_offset=options.timezone_offset,
            sample_rate=RATE,
            confidence_threshold=inputs.conf_threshold,
            keep_s=settings.NO_CONNECTION_TIMEOUT_S,
        )

    def _on_error(self, error: Exception) -> None:
        message = warning_message if isinstance(error, StorageDelayed) else error_message
        self.parley.send_message(message(str(error)))


conversation = Stream(
    ConversationStreamHandler(),
    modality="audio",
    mode="send",
    name="conversation",
    inputs=Inputs,
    user_data=StartData,
    ui_args={"title": gettext_noop("Conversation")},
)
