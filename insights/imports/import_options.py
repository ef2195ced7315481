"""What an import was asked to do, and where its source is, as the parameters of its job."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict
from uuid import UUID

from insights.analysis.custom_entities import CustomEntity
from insights.analysis.trackers import Tracker
from insights.managed.accounts import LiveSettings
from insights.recorder.types import Listening, SpeakerIdentity
from insights.snapshots import JsonObject


class TextItem(TypedDict):
    """What somebody said or wrote, as the file of an import of text has it. Times are ISO 8601 texts."""

    content: str
    userId: str
    name: str
    email: str
    startTime: str | None
    endTime: str | None


@dataclass(frozen=True, slots=True)
class ChannelSpeaker:
    """Who speaks on a channel, counted from 1."""

    channel: int
    speaker: SpeakerIdentity


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """The options of one import.

    `started_at`: when the recording began, as the request says; None: as the file says. `separate_channels`: each channel has a speaker
    of its own. `append`: the conversation existed before. `several_speakers`: several people speak in each channel, who are told apart;
    `expected_speakers`: how many, None if it is not known. `translate`: messages in another language have a translation into English.
    `call_score`: the language model scores the call at the end.
    """

    started_at: datetime | None = None
    language: str = "en-US"
    confidence_threshold: float = 0.5
    vocabulary: tuple[str, ...] = ()
    trackers: tuple[Tracker, ...] = ()
    all_trackers: bool = False
    store_audio: bool | None = None
    entities: tuple[CustomEntity, ...] = ()
    separate_channels: bool = False
    channels: tuple[ChannelSpeaker, ...] = ()
    append: bool = False
    several_speakers: bool = False
    expected_speakers: int | None = None
    translate: bool = False
    call_score: bool = False

    def dump(self) -> JsonObject:
        """Return the JSON form."""
        return {
            "startedAt": self.started_at.isoformat() if self.started_at else None,
            "language": self.language,
            "confidenceThreshold": self.confidence_threshold,
            "vocabulary": list(self.vocabulary),
            "trackers": [{"name": one.name, "vocabulary": list(one.vocabulary), "id": one.id} for one in self.trackers],
            "allTrackers": self.all_trackers,
            "storeAudio": self.store_audio,
            "entities": [{"type": one.type, "values": list(one.values), "value": one.value} for one in self.entities],
            "separateChannels": self.separate_channels,
            "channels": [
                {"channel": one.channel, "userId": one.speaker.user_id, "name": one.speaker.name, "email": one.speaker.email}
                for one in self.channels
            ],
            "append": self.append,
            "severalSpeakers": self.several_speakers,
            "expectedSpeakers": self.expected_speakers,
            "translate": self.translate,
            "callScore": self.call_score,
        }

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> "ImportOptions":
        """Return the options from their JSON form."""
        return cls(
            started_at=datetime.fromisoformat(stored["startedAt"]) if stored["startedAt"] else None,
            language=stored["language"],
            confidence_threshold=stored["confidenceThreshold"],
            vocabulary=tuple(stored["vocabulary"]),
            trackers=tuple(Tracker(one["name"], tuple(one["vocabulary"]), one["id"]) for one in stored["trackers"]),
            all_trackers=stored["allTrackers"],
            store_audio=stored.get("storeAudio"),
            entities=tuple(CustomEntity(one["type"], tuple(one["values"]), value=one["value"]) for one in stored["entities"]),
            separate_channels=stored["separateChannels"],
            channels=tuple(
                ChannelSpeaker(one["channel"], SpeakerIdentity(one["userId"], one["name"], one["email"])) for one in stored["channels"]
            ),
            append=stored["append"],
            several_speakers=bool(stored.get("severalSpeakers")),
            expected_speakers=stored.get("expectedSpeakers"),
            translate=bool(stored.get("translate")),
            call_score=bool(stored.get("callScore")),
        )

    def listening(self, own: LiveSettings, member_id: UUID | str | None, source: UUID | None = None) -> Listening:
        """Return how the words of a member are analysed, with the vocabulary, entities and trackers of the account."""
        return Listening(
            member_id=member_id,
            session_id=source,
            confidence_threshold=self.confidence_threshold,
            trackers=own.trackers_with(self.trackers),
            vocabulary=own.vocabulary_with(self.vocabulary),
            language=self.language,
            entities=(*self.entities, *own.entities),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportSource:
    """The parameters of an import's job: its options, when it was asked for, and the name of its file or its URL."""

    options: ImportOptions
    asked_at: datetime
    file: str = ""
    url: str = ""

    def dump(self) -> JsonObject:
        """Return the JSON form."""
        return {"options": self.options.dump(), "askedAt": self.asked_at.isoformat(), "file": self.file, "url": self.url}

    @classmethod
    def parse(cls, stored: Mapping[str, Any]) -> "ImportSource":
        """Return the parameters from their JSON form."""
        return cls(
            options=ImportOptions.parse(stored["options"]),
            asked_at=datetime.fromisoformat(stored["askedAt"]),
            file=stored["file"],
            url=stored["url"],
        )
