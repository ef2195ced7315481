"""Say "note" and what to remember: it becomes an action item of your open conversation, or of a new one.

Shows stop words, an asynchronous reply that runs blocking work in threads, outputs, and errors for the client.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext_noop

from insights import queries, recorder
from insights.insight_kinds import ACTION_ITEM
from insights.recorder import Listening, Opening, StoredEvent, Utterance
from streaming import AdditionalOutputs, AlgoOptions, ReplyOnStopWords, Stream, WebRTCError, get_current_context, get_stt_model
from streaming.aio.database_executors import run_write
from streaming.aio.executors import STT_THREADS
from streaming.audio.convert import Audio
from streaming.cluster.runtime import runtime

NEW_NAME = "Voice notes"
KEPT_OPEN_S = 60
"""Seconds that a conversation created for a note stays open for the next one."""


async def note(audio: Audio) -> AsyncIterator[AdditionalOutputs]:
    """Store what was said after the stop word, publish the events, and yield the note. Raises WebRTCError for the client."""
    user_id = get_current_context().user_id
    if user_id is None:
        raise WebRTCError("sign in to take notes")
    rate, samples = audio
    text = await STT_THREADS.run(get_stt_model().stt, audio)
    if not text:
        raise WebRTCError("nothing was understood after the stop word")
    conversation_id, events = await run_write(store_note, user_id, text, samples.size / rate)
    await runtime().broadcaster.publish(events)
    yield AdditionalOutputs({"note": text, "conversationId": str(conversation_id), "events": [event.number for event in events]})


def store_note(user_id: int, text: str, seconds: float) -> tuple[int, list[StoredEvent]]:
    """Record a note in the user's newest open conversation, or in a new one; blocks. Return the conversation id and the events."""
    now = timezone.now()
    utterance = Utterance(text, (), 1.0, now - timedelta(seconds=seconds), now)
    listening = Listening(noted=ACTION_ITEM)
    conversation = queries.open_conversation_of(user_id)
    if conversation is not None:
        return conversation.id, recorder.record(conversation.id, utterance, listening)
    session = uuid4()
    opening = Opening(owner_id=user_id, connection_id=f"voice-notes-{session}", session_id=session, name=NEW_NAME, keep_s=KEPT_OPEN_S)
    joined = recorder.open_conversation(opening)
    events = recorder.record(joined.conversation_id, utterance, listening)
    return joined.conversation_id, [*joined.events, *events, *recorder.leave(session, final=False)]


voice_notes = Stream(
    ReplyOnStopWords(note, stop_words=["note", "take a note"], algo_options=AlgoOptions(min_silence_ms=700), input_sample_rate=16000),
    modality="audio",
    mode="send",
    name="voice-notes",
    ui_args={"title": gettext_noop("Voice notes")},
)
