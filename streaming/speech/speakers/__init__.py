"""Tells the speakers of one audio source apart."""

from streaming.speech.speakers.online_diarization import LiveDiarizer
from streaming.speech.speakers.profiles import EnrolledVoices
from streaming.speech.speakers.types import ProfileMatch, SpeakerModels, SpeakerSpan, TurnSpeakers

__all__ = ["EnrolledVoices", "LiveDiarizer", "ProfileMatch", "SpeakerModels", "SpeakerSpan", "TurnSpeakers"]
