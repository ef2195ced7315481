"""Parses `start_request` and `modify_request`: fields, defaults and limits, one function per part of the message."""

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from streaming.protocols.symbl.client_messages import CONTAINERS, ENCODINGS, Modify, Start, TrackerSpec, insight_types
from streaming.protocols.symbl.fields import UNSTORABLE, Fields, WireError, as_truth, refused
from streaming.protocols.symbl.notices import Notices
from streaming.protocols.symbl.speaker import NAME_LENGTH, start_speaker

MASK_LENGTH = 64
MASK = "****"
TITLE_LENGTH = 500
PHRASE_LENGTH = 256
VOCABULARY_PHRASES = 1000
TRACKERS = 500
TRACKER_PHRASES = 50
LONGEST_TIMEOUT = 1800
LONGEST_GAP = 86400
FARTHEST_OFFSET = 1080
LOWEST_RATE, HIGHEST_RATE = 8000, 48000
METADATA_FIELDS = 64
METADATA_LENGTH = 128
URL_LENGTH = 2048
MOST_SPEAKERS = 100

_NOT_FOUND_LIVE = {
    "intent": "intents are not detected while people speak",
    "summary": "GET /v1/conversations/{id}/summary has the summary",
}

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def start_request(message: Fields) -> Start:
    """Return the Start of a `start_request`. Raises WireError, which names the first invalid field.

    Fields that are accepted and not carried out, and unknown ones, are in its notices.
    """
    message.get("type")
    notices = Notices()
    config = message.child("config")
    encoding, rate = _speech(config)
    encoding = encoding or "LINEAR16"
    identified, mask = _redaction(config)
    threshold = config.number("confidenceThreshold", 0, 1)
    stop_timeout = message.whole("disconnectOnStopRequestTimeout", 0, LONGEST_TIMEOUT, unit="seconds")
    titles = [place.text("meetingTitle", TITLE_LENGTH) for place in (config, message)]
    urls = [_webhook_url(place) for place in (message, config)]
    trackers = message.children("trackers", "trackers", TRACKERS)
    start = Start(
        insight_types=_insight_types(message, notices),
        confidence_threshold=0.5 if threshold is None else threshold,
        language=_language(config, notices),
        encoding=encoding,
        sample_rate=rate or (8000 if encoding == "MULAW" else 16000),
        speaker=start_speaker(message, notices),
        vocabulary=message.texts("customVocabulary", VOCABULARY_PHRASES, PHRASE_LENGTH),
        trackers=tuple(map(_tracker, trackers)),
        tracker_interims=config.child("trackers").flag("interimResults") or False,
        all_trackers=_all_trackers(message, config),
        meeting_title=titles[0] or titles[1],
        timezone_offset=config.whole("timezoneOffset", -FARTHEST_OFFSET, FARTHEST_OFFSET, unit="minutes from UTC"),
        no_connection_timeout=_no_connection_timeout(message),
        disconnect_on_stop=message.flag("disconnectOnStopRequest") is not False,
        stop_timeout=LONGEST_TIMEOUT if stop_timeout is None else stop_timeout,
        detect_entities=config.flag("detectEntities") or identified,
        sentiment=config.flag("sentiment") or False,
        redaction=mask,
        audio_age=message.number("audioAge", 0, LONGEST_TIMEOUT),
        metadata={**_metadata(config), **_metadata(message)},
        webhook_url=urls[0] or urls[1],
        detect_phrases=any([place.flag("detectPhrases") for place in (message, config)]),
        store_audio=_store_audio(message, config),
        diarization=any(_diarization(message, config)),
        diarization_count=_diarization_count(message, config),
        translate=any([place.flag("translateToEnglish") for place in (config, message)]),
    )
    if start.diarization_count is not None and not start.diarization:
        notices.add("diarizationSpeakerCount", "is ignored: it needs config.speakerDiarization")
    if start.translate and start.language.partition("-")[0].lower() == "en":
        notices.add("config.translateToEnglish", "is ignored: config.languageCode is English")
    parts = (message, config, config.child("speechRecognition"), config.child("trackers"), config.child("redaction"), *trackers)
    notices.add_unread(parts)
    return replace(start, notices=notices.all())


def modify_request(message: Fields) -> Modify:
    """Return the Modify of a `modify_request`. Raises WireError, also if it requests no change."""
    outer, inner = _speech(message), _speech(message.child("config"))
    encoding, rate = outer[0] or inner[0], outer[1] or inner[1]
    gap = message.number("audioGap", 0, LONGEST_GAP)
    if encoding is None and rate is None and gap is None:
        raise WireError("speechRecognition must say what changes: encoding, sampleRateHertz or both", "speechRecognition")
    return Modify(encoding, rate, gap)


def _speech(config: Fields) -> tuple[str | None, int | None]:
    """Return (encoding, rate in Hz); older clients send both directly in `config`, without `speechRecognition`."""
    speech = config.child("speechRecognition")
    inner, outer = (_encoding(speech), _rate(speech)), (_encoding(config), _rate(config))
    return inner[0] or outer[0], inner[1] or outer[1]


def _encoding(fields: Fields) -> str | None:
    value = fields.get("encoding")
    if value is None:
        return None
    name = value.strip().upper() if isinstance(value, str) else ""
    if name in CONTAINERS:
        return "OPUS"
    if name not in ENCODINGS:
        raise refused(fields.at("encoding"), "one of " + ", ".join(ENCODINGS + CONTAINERS), value)
    return name


def _rate(fields: Fields) -> int | None:
    return fields.whole("sampleRateHertz", LOWEST_RATE, HIGHEST_RATE, unit="Hz")


def _language(config: Fields, notices: Notices) -> str:
    value, inner = config.get("languageCode"), config.child("speechRecognition")
    if inner.get("languageCode") not in (None, value or "en-US"):
        notices.add(inner.at("languageCode"), "is ignored: config.languageCode sets the language")
    if value is None:
        return "en-US"
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise refused(config.at("languageCode"), "a language code such as en-US", value)
    return value


def _insight_types(message: Fields, notices: Notices) -> frozenset[str]:
    allowed, types = insight_types(), set()
    for index, value in enumerate(message.items("insightTypes", "insight types", 100)):
        path = f"{message.at('insightTypes')}[{index}]"
        name = value if isinstance(value, str) else ""
        if name in allowed:
            types.add(name)
        elif (known := _type_name(name)) in allowed:
            types.add(known)
            notices.add(path, f"is read as {known}, the name of this type")
        elif name in _NOT_FOUND_LIVE:
            notices.add(path, f"{name!r} is ignored: {_NOT_FOUND_LIVE[name]}")
        else:
            raise refused(path, "one of " + ", ".join(allowed), value)
    return frozenset(types)


def _type_name(name: str) -> str:
    """Return the name of an insight type that Symbl's documentation writes with a hyphen ("action-item") or in the plural ("topics")."""
    return name.replace("-", "_").removesuffix("s")


def _metadata(fields: Fields) -> dict[str, str]:
    metadata = fields.child("metadata")
    found: dict[str, str] = {}
    for name, _ in list(metadata.unread()):
        if not 1 <= len(name) <= METADATA_LENGTH or UNSTORABLE.search(name):
            raise WireError(f"{metadata.path} must have names of 1 to {METADATA_LENGTH} characters without NUL", metadata.path)
        found[name] = metadata.text(name, METADATA_LENGTH) or ""
    if len(found) > METADATA_FIELDS:
        raise WireError(f"{metadata.path} may hold at most {METADATA_FIELDS} fields, not {len(found)}", metadata.path)
    return found


def _webhook_url(fields: Fields) -> str:
    url = fields.text("webhookUrl", URL_LENGTH) or ""
    if url and not _is_web_address(url):
        raise refused(fields.at("webhookUrl"), "an http or https URL", url)
    return url


def _is_web_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0 and url.isprintable() and " " not in url
    except ValueError:  # a port or an IPv6 address that is none
        return False


def _tracker(fields: Fields) -> TrackerSpec:
    name = fields.text("name", NAME_LENGTH)
    if name is None:
        raise refused(fields.at("name"), f"a string of 1 to {NAME_LENGTH} characters", fields.get("name"))
    vocabulary = fields.texts("vocabulary", TRACKER_PHRASES, PHRASE_LENGTH)
    if not vocabulary:
        path, allowed = fields.at("vocabulary"), f"a list of 1 to {TRACKER_PHRASES} strings"
        if fields.get("vocabulary") is None:
            raise refused(path, allowed, None)
        raise WireError(f"{path} must be {allowed}, not a list of 0 strings", path)
    return TrackerSpec(name, vocabulary, fields.text("id", NAME_LENGTH) or "")


def _all_trackers(message: Fields, config: Fields) -> bool:
    places = (message, config, config.child("trackers"))
    flags: list[Any] = [place.flag("enableAllTrackers") for place in places]
    return any(flags)


def _store_audio(message: Fields, config: Fields) -> bool | None:
    """Return whether the audio is stored; None: as the account says."""
    flags = [place.flag("storeAudio") for place in (message, config)]
    return flags[0] if flags[0] is not None else flags[1]


def _diarization(message: Fields, config: Fields) -> list[bool | None]:
    """Return what the client says about several speakers; the Async API calls the field `enableSpeakerDiarization`."""
    return [place.flag(name) for place in (config, message) for name in ("speakerDiarization", "enableSpeakerDiarization")]


def _diarization_count(message: Fields, config: Fields) -> int | None:
    counts = [place.whole("diarizationSpeakerCount", 1, MOST_SPEAKERS, unit="speakers") for place in (config, message)]
    return counts[0] if counts[0] is not None else counts[1]


def _no_connection_timeout(message: Fields) -> int | None:
    """Return seconds; one published SDK types the field as a boolean: true means the maximum, false 0."""
    truth = as_truth(message.get("noConnectionTimeout"))
    if truth is not None:
        return LONGEST_TIMEOUT if truth else 0
    return message.whole("noConnectionTimeout", 0, LONGEST_TIMEOUT, unit="seconds")


def _redaction(config: Fields) -> tuple[bool, str]:
    """Return (whether entities are wanted, the text that replaces redacted words or "" for no redaction)."""
    redaction = config.child("redaction")
    mask = redaction.text("redactionString", MASK_LENGTH)
    wanted = redaction.flag("redactContent") or False
    return redaction.flag("identifyContent") or False, (mask or MASK) if wanted else ""
