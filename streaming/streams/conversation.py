"""Hold a conversation: what you say is written down as you speak, and its questions, action items and topics are found.

The live conversation as one stream among others: sound in, Symbl's messages out as AdditionalOutputs, over every transport.
Shows an asynchronous handler, declared inputs, the session's context, and a clean end: `shutdown` waits until what was said last is
stored and told. A session that comes back with the same id finds its conversation still open.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Any, Literal

from django.conf import settings
from pydantic import BaseModel, ConfigDict, Field

from insights.recorder import Joined, RecorderError, Speaker
from streaming import AdditionalOutputs, AsyncStreamHandler, Stream, WebRTCError, get_current_context
from streaming.audio.codecs import AudioError
from streaming.cluster.broadcast import Subscription, broadcaster
from streaming.cluster.transcript_update import Delivery, TranscriptUpdate
from streaming.conversations.live_speech import LanguageError, LiveSpeech, StartOptions, StorageDelayed
from streaming.handlers.context import error_message, warning_message
from streaming.handlers.stream_handlers import AudioFrame
from streaming.protocols.symbl import View, recognition_result, render_event
from streaming.sessions.session import SHUTDOWN_S
from streaming.speech.engines.base import RecogniserError

RATE = 16_000
CATCH_UP_S = 5.0

InsightType = Literal["question", "action_item", "follow_up"]


class Inputs(BaseModel):
    """What the input hook takes."""

    model_config = ConfigDict(extra="forbid")

    conf_threshold: float = Field(default=0.5, ge=0, le=1, title="Least confidence", description="Insights below it are left out.")
    insight_types: list[InsightType] = Field(
        default=["question", "action_item", "follow_up"], title="Insights", description="The kinds that you want."
    )
    speaker_name: str = Field(
        default="", max_length=320, title="Your name", description="As others see it; without one, your words are nobody's."
    )


class ConversationHandler(AsyncStreamHandler):
    """One speaker's part in a conversation, which begins with the first sound."""

    shutdown_s = SHUTDOWN_S

    def __init__(self) -> None:
        super().__init__(input_sample_rate=RATE)
        self._part: LiveSpeech | None = None
        self._inputs = Inputs()
        self._start_options = StartOptions()
        self._refused = False
        self._ending = False  # sound that still waits then must not begin another part, which nobody would end
        self._subscription: Subscription | None = None
        self._joined = asyncio.Event()
        self._ready: deque[dict[str, Any]] = deque()
        self._moved = asyncio.Condition()
        self._told = 0

    def copy(self) -> "ConversationHandler":
        """Return a handler for another session."""
        return ConversationHandler()

    async def start_up(self) -> None:
        """Begin for a signed-in user; nobody else has conversations."""
        context = get_current_context()
        if context.user_id is None or context.session_id is None:
            raise WebRTCError("sign in to hold a conversation")
        self._part = LiveSpeech(context.session_id, context.user_id, context.webrtc_id, self._trouble)

    async def receive(self, frame: AudioFrame) -> None:
        """Let the sound be heard; new inputs begin a new part in the same conversation."""
        if self._part is None or self._refused or self._ending:
            return
        self._inputs = self._latest_inputs()
        start_options = self._wishes_of(self._inputs)
        if not self._part.hearing or start_options != self._start_options:
            await self._begin(self._part, start_options)
        await self._part.hear(frame[1].tobytes())
        if self._subscription is None and self._part.joined is not None:
            await self._listen(self._part.joined)

    async def emit(self) -> AdditionalOutputs | None:
        """Return the next message."""
        await self._joined.wait()
        while not self._ready:
            delivery = await anext(self._subscription, None) if self._subscription is not None else None
            if delivery is None:
                await asyncio.Event().wait()  # all is told; the session's end ends this, too
            else:
                await self._render(delivery)
        message = self._ready.popleft()
        async with self._moved:
            self._moved.notify_all()
        return AdditionalOutputs(message)

    async def shutdown(self) -> None:
        """Store what was being said, and tell it."""
        self._ending = True
        if self._part is None:
            return
        try:
            await self._part.finish()
            if self._subscription is not None:  # else it could not be listened to, but what was said is there
                await self._catch_up(self._part.last_event)
            await self._part.leave(final=False)
        finally:
            if self._subscription is not None:
                await self._subscription.close()

    async def _catch_up(self, last: int) -> None:
        """Wait until `emit` has told everything up to an event."""
        with suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_S), self._moved:
                await self._moved.wait_for(lambda: self._told >= last and not self._ready)

    async def _begin(self, part: LiveSpeech, start_options: StartOptions) -> None:
        """Join, or join again as somebody else."""
        self._start_options = start_options
        try:
            if part.hearing:
                await part.finish()
            await part.begin(start_options)
        except (AudioError, LanguageError, RecogniserError, RecorderError) as error:
            self._refused = True
            raise WebRTCError(str(error)) from error

    async def _listen(self, joined: Joined) -> None:
        """Be told what happens from the beginning of this part on; tried again where the database is away."""
        self._told = joined.cursor - len(joined.events)
        self._subscription = await broadcaster().subscribe(joined.conversation_id, self._told)
        self._joined.set()

    async def _render(self, delivery: Delivery) -> None:
        """Put the messages of an event where `emit` finds them."""
        if isinstance(delivery, TranscriptUpdate):
            heard = delivery
            result = recognition_result(heard.text, heard.words, confidence=heard.confidence, is_final=heard.is_final, member=heard.member)
            self._ready.append(result)
            return
        view = View(insight_types=frozenset(self._inputs.insight_types), confidence_threshold=self._inputs.conf_threshold)
        self._ready.extend(render_event(delivery.event, delivery.number, view))
        async with self._moved:
            self._told = delivery.number
            self._moved.notify_all()

    def _latest_inputs(self) -> Inputs:
        values = self.latest_args[1:]
        return Inputs(**dict(zip(Inputs.model_fields, values, strict=False))) if values else self._inputs

    def _wishes_of(self, inputs: Inputs) -> StartOptions:
        return StartOptions(
            speaker=Speaker(name=inputs.speaker_name) if inputs.speaker_name else None,
            sample_rate=RATE,
            confidence_threshold=inputs.conf_threshold,
            keep_s=settings.NO_CONNECTION_TIMEOUT_S,
        )

    def _trouble(self, error: Exception) -> None:
        message = warning_message if isinstance(error, StorageDelayed) else error_message
        self.parley.tell(message(str(error)))


conversation = Stream(ConversationHandler(), modality="audio", mode="send", name="conversation", inputs=Inputs)
