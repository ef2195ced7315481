"""The options of an import as clients send them: in the query, as JSON or as form fields, with the forms that Symbl's SDKs use.

Symbl's SDKs send booleans as the texts `true` and `false`, and lists and objects as JSON text. Each field accepts both forms.
"""

import json
import math
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from django.conf import settings
from ninja import Schema
from pydantic import BeforeValidator, Field, JsonValue, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from insights.analysis.custom_entities import CustomEntity
from insights.analysis.text.supported_languages import AUTO, primary
from insights.analysis.trackers import Tracker
from insights.api.times import read_time
from insights.imports.import_options import ChannelSpeaker, ImportOptions, TextItem
from insights.language_model import NoLanguageModel, has_language_model
from insights.recorder import SpeakerIdentity
from insights.snapshots import JsonObject, Payload

MOST_NAME = 256
MOST_VOCABULARY = 1000
MOST_URL = 2000
MOST_CONTENT = 100_000
MOST_TRACKERS = 500
MOST_TRACKER_PHRASES = 50
MOST_VALUES = 100
MOST_VALUE = 128
"""Values of the metadata, and characters of a key and of a value, as in `PUT /v1/conversations/{id}`."""
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
SCORE_FEATURE = "callScore"
"""The feature of Symbl's Async API for the score of a call."""
NOT_TOLD_APART = "enableSpeakerDiarization: speakers in one audio channel are not told apart on this server; the channel is one speaker"


def _wrong(needed: str) -> PydanticCustomError:
    return PydanticCustomError("import_option", "{needed}", {"needed": f"must be {needed}"})


def _flag(value: Any) -> Any:
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    if value is not None and not isinstance(value, bool):
        raise _wrong("true or false")
    return value


def _number(needed: str, least: float, most: float) -> Callable[[Any], Any]:
    def number(value: Any) -> Any:
        try:
            read = float(value) if isinstance(value, str) else value
        except ValueError:
            raise _wrong(needed) from None
        if read is None:
            return None
        if isinstance(read, bool) or not isinstance(read, int | float) or not math.isfinite(read) or not least <= read <= most:
            raise _wrong(needed)
        return read

    return number


def _json(needed: str) -> Callable[[Any], Any]:
    def read(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value) if value.strip() else None
        except (ValueError, RecursionError):
            raise _wrong(f"{needed}, as JSON") from None

    return read


def _text(value: Any) -> Any:
    """Refuse what no database can store: NUL and half surrogate pairs."""
    if isinstance(value, str) and ("\x00" in value or any("\ud800" <= character <= "\udfff" for character in value)):
        raise _wrong("text without NUL and half surrogate pairs")
    return value


def _time(value: Any) -> Any:
    at = read_time(value)
    if at is None:
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    if not EARLIEST <= at <= LATEST:
        raise _wrong("a time from 1970 on")
    return at


_FLAG_FORM = WithJsonSchema({"anyOf": [{"type": "boolean"}, {"type": "string", "enum": ["true", "false"]}], "default": False})
_TIME_FORM = WithJsonSchema({"type": "string", "format": "date-time"})
Flag = Annotated[bool | None, BeforeValidator(_flag), _FLAG_FORM]
Time = Annotated[datetime | None, BeforeValidator(_time), _TIME_FORM]


Name = Annotated[str, Field(max_length=MOST_NAME), BeforeValidator(_text)]
NotBlank = Annotated[str, Field(min_length=1, max_length=MOST_NAME), BeforeValidator(_text)]
Url = Annotated[str, Field(min_length=1, max_length=MOST_URL, json_schema_extra={"pattern": "^https?://"}), BeforeValidator(_text)]
Key = Annotated[str, Field(min_length=1, max_length=MOST_VALUE), BeforeValidator(_text)]
Value = Annotated[str, Field(max_length=MOST_VALUE), BeforeValidator(_text)]
Content = Annotated[str, Field(min_length=1, max_length=MOST_CONTENT), BeforeValidator(_text)]


class ImportTracker(Schema):
    """A tracker: a name and its phrases."""

    name: NotBlank
    vocabulary: list[NotBlank] = Field(min_length=1, max_length=MOST_TRACKER_PHRASES)
    id: Name = ""


class SpokenBy(Schema):
    """Who speaks."""

    userId: Name | None = None
    name: Name | None = None
    email: Name | None = None

    def identity(self) -> SpeakerIdentity:
        """Return the identity; the e-mail address of an SDK's speaker is its user id, as in live sessions."""
        return SpeakerIdentity(self.userId or self.email or "", self.name or "", self.email or "")


class ChannelIn(Schema):
    """Who speaks on a channel, counted from 1."""

    channel: Annotated[int, BeforeValidator(_number("1 or 2", 1, 2))] = Field(ge=1, le=2)
    speaker: SpokenBy


class EntityIn(Schema):
    """A custom entity."""

    customType: NotBlank
    text: NotBlank
    value: Name | None = None


def _scores_calls(feature: object) -> bool:
    """Return whether a feature is the call score, and there is a language model that can compute it."""
    return feature == SCORE_FEATURE and has_language_model()


def _not_available(feature: object) -> str:
    reason = f": it {NoLanguageModel()}" if feature == SCORE_FEATURE else ""
    return f"features: {str(feature)[:40]} is not available{reason}"


class ImportRequest(Schema):
    """The options of all imports."""

    name: Name | None = None
    metadata: Annotated[Annotated[dict[Key, Value], Field(max_length=MOST_VALUES)] | None, BeforeValidator(_json("an object of texts"))] = (
        None
    )
    startTime: Time = Field(None, description="When the recording began; an addition to Symbl's options.")
    webhookUrl: Url | None = None
    confidenceThreshold: Annotated[
        float | None, BeforeValidator(_number("a number from 0 to 1", 0, 1)), WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1})
    ] = None
    languageCode: Annotated[str, Field(pattern=r"^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")] | None = None
    entities: Annotated[Annotated[list[EntityIn], Field(max_length=MOST_TRACKERS)] | None, BeforeValidator(_json("a list of entities"))] = (
        None
    )
    detectEntities: Flag = None
    detectPhrases: Flag = None
    enableSummary: Flag = None
    trackers: Annotated[
        Annotated[list[ImportTracker], Field(max_length=MOST_TRACKERS)] | None, BeforeValidator(_json("a list of trackers"))
    ] = None
    enableAllTrackers: Flag = None
    features: Annotated[dict[str, JsonValue] | None, BeforeValidator(_json("an object"))] = None

    @classmethod
    def unknown(cls, names: Iterable[str]) -> list[str]:
        """Return a warning for each name that is no option."""
        known = {field.alias or name for name, field in cls.model_fields.items()}
        return [f"{name[:60]}: is not an option of this import" for name in sorted(set(names) - known)[:20]]

    def warnings(self) -> list[str]:
        """Return a sentence for each option that is accepted and not carried out."""
        found = [_not_available(feature) for feature in self._features() if feature != "insights" and not _scores_calls(feature)]
        if self.features and not isinstance(self.features.get("featureList"), list):
            found.append('features: has no effect without a list `featureList`, such as {"featureList": ["insights"]}')
        return found

    def _features(self) -> list[JsonValue]:
        """Return what `features` asks for beside what is always there."""
        wanted = (self.features or {}).get("featureList")
        return wanted[:20] if isinstance(wanted, list) else []

    def options(self, *, append: bool) -> ImportOptions:
        """Return what the job is asked to do."""
        return ImportOptions(
            started_at=self.startTime,
            language=self.languageCode or "en-US",
            confidence_threshold=0.5 if self.confidenceThreshold is None else self.confidenceThreshold,
            trackers=tuple(Tracker(one.name, tuple(one.vocabulary), one.id) for one in self.trackers or ()),
            all_trackers=bool(self.enableAllTrackers),
            entities=tuple(CustomEntity(one.customType, (one.text,), value=one.value or "") for one in self.entities or ()),
            append=append,
            call_score=any(_scores_calls(feature) for feature in self._features()),
        )


class RecordingRequest(ImportRequest):
    """The options of an audio or video import."""

    customVocabulary: Annotated[
        Annotated[list[NotBlank], Field(max_length=MOST_VOCABULARY)] | None,
        BeforeValidator(_json('a list of strings such as ["Parley"]')),
    ] = None
    storeAudio: Flag = None
    enableSeparateRecognitionPerChannel: Flag = None
    channelMetadata: Annotated[Annotated[list[ChannelIn], Field(max_length=2)] | None, BeforeValidator(_json("a list of channels"))] = None
    enableSpeakerDiarization: Flag = None
    diarizationSpeakerCount: Annotated[
        float | None,
        BeforeValidator(_number("a number from 1 to 100", 1, 100)),
        WithJsonSchema({"type": "number", "minimum": 1, "maximum": 100}),
    ] = None
    mode: Literal["phone", "default"] | None = None
    translateToEnglish: Flag = Field(None, description="Messages in another language get a translation; an addition to Symbl's options.")

    def warnings(self) -> list[str]:
        """Return a sentence for each option that is accepted and not carried out."""
        found = super().warnings()
        if self.enableSpeakerDiarization:
            if settings.SPEAKER_MODELS == "none":
                found.append(NOT_TOLD_APART)
            elif self.channelMetadata:
                found.append("channelMetadata: names no voice where speakers are told apart; name them in the conversation")
        elif self.diarizationSpeakerCount is not None:
            found.append("diarizationSpeakerCount: has no effect without enableSpeakerDiarization")
        if self.channelMetadata and not self.enableSeparateRecognitionPerChannel:
            found.append("channelMetadata: names the first channel's speaker only, without enableSeparateRecognitionPerChannel")
        if self.translateToEnglish and primary(self.languageCode or "en-US") == "en":
            found.append("translateToEnglish: has no effect on English; languageCode names the language that is spoken")
        if self.mode == "phone":
            found.append("mode: there is one model for all rates; phone changes nothing")
        return found

    def options(self, *, append: bool) -> ImportOptions:
        """Return what the job is asked to do."""
        common = super().options(append=append)
        channels = tuple(ChannelSpeaker(one.channel, one.speaker.identity()) for one in self.channelMetadata or ())
        count = self.diarizationSpeakerCount
        return replace(
            common,
            vocabulary=tuple(self.customVocabulary or ()),
            store_audio=self.storeAudio,
            separate_channels=bool(self.enableSeparateRecognitionPerChannel),
            channels=channels,
            several_speakers=bool(self.enableSpeakerDiarization) and settings.SPEAKER_MODELS != "none",
            expected_speakers=None if count is None else round(count),
            translate=bool(self.translateToEnglish),
        )


class UrlRequest(RecordingRequest):
    """An import of the file at a URL."""

    url: Url


def query_parameters(kind: type[ImportRequest]) -> list[JsonObject]:
    """Return the options as query parameters for OpenAPI: lists and objects are JSON text there."""
    parameters: list[JsonObject] = []
    for name, form in kind.model_json_schema(ref_template="#/components/schemas/{model}")["properties"].items():
        structured = any(part.get("type") in ("array", "object") for part in (form, *form.get("anyOf", ())))
        schema: JsonObject = {"type": "string", "contentMediaType": "application/json"} if structured else _plain(form)
        parameters.append({"in": "query", "name": name, "required": False, "schema": schema})
    return parameters


def _plain(form: Payload) -> JsonObject:
    """Return the schema of a value in the query, which cannot be null."""
    forms = [part for part in form.get("anyOf", [form]) if part.get("type") != "null"]
    kept: list[JsonObject] = [{key: value for key, value in part.items() if key not in ("title", "default")} for part in forms]
    return kept[0] if len(kept) == 1 else {"anyOf": [*kept]}


class PayloadIn(Schema):
    """The words of an item."""

    content: Content
    contentType: Name | None = None


class DurationIn(Schema):
    """When an item was said."""

    startTime: Time = None
    endTime: Time = None


class ItemIn(Schema):
    """What somebody said or wrote."""

    payload: PayloadIn
    from_: SpokenBy | None = Field(None, alias="from")
    duration: DurationIn | None = None

    def dump(self) -> TextItem:
        """Return the JSON form that the job reads."""
        person = (self.from_ or SpokenBy()).identity()
        start, end = (self.duration.startTime, self.duration.endTime) if self.duration else (None, None)
        return {
            "content": self.payload.content,
            "userId": person.user_id,
            "name": person.name,
            "email": person.email,
            "startTime": start.isoformat() if start else None,
            "endTime": end.isoformat() if end else None,
        }


class TextRequest(ImportRequest):
    """An import of text."""

    messages: list[ItemIn] = Field(min_length=1, max_length=10_000)

    @field_validator("languageCode")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        """Refuse `auto`: it is found in audio."""
        if value is not None and primary(value) == AUTO:
            raise _wrong("a language code such as en-US; only in audio a language is found")
        return value
