"""Tells the speakers of one audio source apart, live (`LiveDiarizer`) and for whole recordings (`diarize`)."""

from streaming.speech.speakers.online_diarization import LiveDiarizer
from streaming.speech.speakers.profiles import EnrolledVoices
from streaming.speech.speakers.types import ProfileMatch, SpeakerModels, SpeakerSpan, TurnSpeakers
from streaming.speech.speakers.whole import diarize

__all__ = ["EnrolledVoices", "LiveDiarizer", "ProfileMatch", "SpeakerModels", "SpeakerSpan", "TurnSpeakers", "diarize"]
