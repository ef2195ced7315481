"""Hold a conversation: it is transcribed while you speak, and its questions, action items and topics are found.

The live conversation as a stream: audio in, Symbl messages out as AdditionalOutputs, over every transport. Shows an asynchronous
handler, declared inputs, the session context, and a clean end: `shutdown` waits until the last words are stored and sent.
A session that reconnects with the same id continues its conversation.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from insights import insight_kinds
from insights.recorder import Joined, RecorderError, Speaker
from streaming import AdditionalOutputs, AsyncStreamHandler, Stream, WebRTCError, get_current_context
from streaming.audio.codecs import AudioError
from streaming.cluster.broadcast import Subscription
from streaming.cluster.runtime import runtime
from streaming.cluster.transcript_update import Delivery, TranscriptUpdate
from streaming.conversations.live_speech import LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.handlers.context import error_message, warning_message
from streaming.handlers.stream_handlers import AudioFrame
from streaming.protocols.symbl import View, recognition_result, render_event
from streaming.sessions.session import SHUTDOWN_S
from streaming.speech.engines.base import RecogniserError

RATE = 16_000
CATCH_UP_S = 5.0

if TYPE_CHECKING:
    InsightType = str
else:  # the registered kinds are known only at run time
    InsightType = Literal[insight_kinds.wire_types()]


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


class ConversationHandler(AsyncStreamHandler):
    """One speaker in a conversation, which begins with the first audio."""

    shutdown_s = SHUTDOWN_S

    def __init__(self) -> None:
        super().__init__(input_sample_rate=RATE)
        self._speech: LiveSpeech | None = None
        self._inputs = Inputs()
        self._start_options = StartOptions()
        self._refused = False
        self._ending = False  # audio that is still queued must not join again: nothing would leave
        self._subscription: Subscription | None = None
        self._joined = asyncio.Event()
        self._ready: deque[dict[str, Any]] = deque()
        self._progress = asyncio.Condition()
        self._last_sent = 0

    def copy(self) -> "ConversationHandler":
        """Return a handler for another session."""
        return ConversationHandler()

    async def start_up(self) -> None:
        """Prepare for a signed-in user. Raises WebRTCError for an anonymous client, because conversations have an owner."""
        context = get_current_context()
        if context.user_id is None or context.session_id is None:
            raise WebRTCError("sign in to hold a conversation")
        self._speech = LiveSpeech(context.session_id, context.user_id, context.webrtc_id, self._on_error)

    async def receive(self, frame: AudioFrame) -> None:
        """Transcribe the audio; after a change of the inputs, leave and join the same conversation again."""
        if self._speech is None or self._refused or self._ending:
            return
        self._inputs = self._latest_inputs()
        start_options = self._start_options_of(self._inputs)
        if not self._speech.active or start_options != self._start_options:
            await self._begin(self._speech, start_options)
        await self._speech.feed(frame[1].tobytes())
        if self._subscription is None and self._speech.joined is not None:
            await self._subscribe(self._speech.joined)

    async def emit(self) -> AdditionalOutputs | None:
        """Return the next message."""
        await self._joined.wait()
        while not self._ready:
            delivery = await anext(self._subscription, None) if self._subscription is not None else None
            if delivery is None:
                await asyncio.Event().wait()  # everything is sent; the end of the session cancels this
            else:
                await self._render(delivery)
        message = self._ready.popleft()
        async with self._progress:
            self._progress.notify_all()
        return AdditionalOutputs(message)

    async def shutdown(self) -> None:
        """Store and send the pending speech."""
        self._ending = True
        if self._speech is None:
            return
        try:
            await self._speech.finish()
            if self._subscription is not None:  # without one nothing can be sent, but the speech is stored
                await self._catch_up(self._speech.last_event)
            await self._speech.leave(final=False, discard_empty=True)
        finally:
            if self._subscription is not None:
                await self._subscription.close()

    async def _catch_up(self, last: int) -> None:
        """Wait until `emit` has sent everything up to event `last`, at most CATCH_UP_S."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S), self._progress:
                await self._progress.wait_for(lambda: self._last_sent >= last and not self._ready)

    async def _begin(self, part: LiveSpeech, start_options: StartOptions) -> None:
        """Join, or join again with other options. Raises WebRTCError when it is refused."""
        self._start_options = start_options
        try:
            if part.active:
                await part.finish()
            await part.begin(start_options)
        except (AudioError, LanguageError, RecogniserError, RecorderError) as error:
            self._refused = True
            raise WebRTCError(str(error)) from error

    async def _subscribe(self, joined: Joined) -> None:
        """Subscribe to the events since this session joined; the next audio frame tries again after a database error."""
        self._last_sent = joined.cursor - len(joined.events)
        self._subscription = await runtime().broadcaster.subscribe(joined.conversation_id, self._last_sent)
        self._joined.set()

    async def _render(self, delivery: Delivery) -> None:
        """Queue the messages of an event for `emit`."""
        if isinstance(delivery, TranscriptUpdate):
            update = delivery
            result = recognition_result(
                update.text, update.words, confidence=update.confidence, is_final=update.is_final, member=update.member
            )
            self._ready.append(result)
            return
        view = View(insight_types=frozenset(self._inputs.insight_types), confidence_threshold=self._inputs.conf_threshold)
        self._ready.extend(render_event(delivery.event, delivery.number, view))
        async with self._progress:
            self._last_sent = delivery.number
            self._progress.notify_all()

    def _latest_inputs(self) -> Inputs:
        values = self.latest_args[1:]
        return Inputs(**dict(zip(Inputs.model_fields, values, strict=False))) if values else self._inputs

    def _start_options_of(self, inputs: Inputs) -> StartOptions:
        return StartOptions(
            speaker=Speaker(name=inputs.speaker_name) if inputs.speaker_name else None,
            sample_rate=RATE,
            confidence_threshold=inputs.conf_threshold,
            keep_s=settings.NO_CONNECTION_TIMEOUT_S,
        )

    def _on_error(self, error: Exception) -> None:
        message = warning_message if isinstance(error, StorageDelayed) else error_message
        self.parley.tell(message(str(error)))


conversation = Stream(ConversationHandler(), modality="audio", mode="send", name="conversation", inputs=Inputs)
