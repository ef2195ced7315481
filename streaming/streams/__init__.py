"""The built-in streams. Each file is short and shows one feature of the API; docs/guide/streams.md explains them."""

from streaming.streams.conversation import conversation
from streaming.streams.echo import echo
from streaming.streams.motion import motion
from streaming.streams.tone import tone
from streaming.streams.voice_notes import voice_notes

__all__ = ["conversation", "echo", "motion", "tone", "voice_notes"]
