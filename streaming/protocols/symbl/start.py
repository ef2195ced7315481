"""Parses `start_request` and `modify_request`: fields, defaults and limits, one function per part of the message."""

import re
from typing import Any

from streaming.protocols.symbl.fields import Fields, WireError, refused
from streaming.protocols.symbl.messages import ENCODINGS, Modify, Start, StartSpeaker, TrackerSpec, insight_types

NAME_LENGTH = 256
MASK_LENGTH = 16
MASK = "****"
TITLE_LENGTH = 512
PHRASE_LENGTH = 256
VOCABULARY_PHRASES = 1000
TRACKERS = 500
TRACKER_PHRASES = 50
LONGEST_TIMEOUT = 1800
FARTHEST_OFFSET = 1080
LOWEST_RATE, HIGHEST_RATE = 8000, 48000

_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}")


def start_request(message: Fields) -> Start:
    """Return the Start of a `start_request`. Raises WireError, which names the first invalid field."""
    config = message.child("config")
    encoding, rate = _speech(config)
    encoding = encoding or "LINEAR16"
    identified, mask = _redaction(config)
    threshold = config.number("confidenceThreshold", 0, 1)
    stop_timeout = message.whole("disconnectOnStopRequestTimeout", 0, LONGEST_TIMEOUT, unit="seconds")
    return Start(
        insight_types=_insight_types(message),
        confidence_threshold=0.5 if threshold is None else threshold,
        language=_language(config),
        encoding=encoding,
        sample_rate=rate or (8000 if encoding == "MULAW" else 16000),
        speaker=_speaker(message),
        vocabulary=message.texts("customVocabulary", VOCABULARY_PHRASES, PHRASE_LENGTH),
        trackers=tuple(_tracker(fields) for fields in message.children("trackers", "trackers", TRACKERS)),
        tracker_interims=config.child("trackers").flag("interimResults") or False,
        all_trackers=_all_trackers(message, config),
        meeting_title=config.text("meetingTitle", TITLE_LENGTH) or message.text("meetingTitle", TITLE_LENGTH),
        timezone_offset=config.whole("timezoneOffset", -FARTHEST_OFFSET, FARTHEST_OFFSET, unit="minutes from UTC"),
        no_connection_timeout=_no_connection_timeout(message),
        disconnect_on_stop=message.flag("disconnectOnStopRequest") is not False,
        stop_timeout=LONGEST_TIMEOUT if stop_timeout is None else stop_timeout,
        detect_entities=config.flag("detectEntities") or identified,
        sentiment=config.flag("sentiment") or False,
        redaction=mask,
        audio_age=message.number("audioAge", 0, LONGEST_TIMEOUT),
    )


def modify_request(message: Fields) -> Modify:
    """Return the Modify of a `modify_request`. Raises WireError, also if it requests no change."""
    outer, inner = _speech(message), _speech(message.child("config"))
    encoding, rate = outer[0] or inner[0], outer[1] or inner[1]
    if encoding is None and rate is None:
        raise WireError("speechRecognition must say what changes: encoding, sampleRateHertz or both", "speechRecognition")
    return Modify(encoding, rate)


def _speech(config: Fields) -> tuple[str | None, int | None]:
    """Return (encoding, rate in Hz); older clients send both directly in `config`, without `speechRecognition`."""
    speech = config.child("speechRecognition")
    rate = _rate(speech)
    return _encoding(speech) or _encoding(config), _rate(config) if rate is None else rate


def _encoding(fields: Fields) -> str | None:
    value = fields.get("encoding")
    if value is None:
        return None
    if not isinstance(value, str) or value.upper() not in ENCODINGS:
        raise refused(fields.at("encoding"), "one of " + ", ".join(ENCODINGS), value)
    return value.upper()


def _rate(fields: Fields) -> int | None:
    return fields.whole("sampleRateHertz", LOWEST_RATE, HIGHEST_RATE, unit="Hz")


def _language(config: Fields) -> str:
    value = config.get("languageCode")
    if value is None:
        return "en-US"
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value):
        raise refused(config.at("languageCode"), "a language code such as en-US", value)
    return value


def _insight_types(message: Fields) -> frozenset[str]:
    types, allowed = message.items("insightTypes", "insight types", 100), insight_types()
    for index, value in enumerate(types):
        if not isinstance(value, str) or value not in allowed:
            raise refused(f"{message.at('insightTypes')}[{index}]", "one of " + ", ".join(allowed), value)
    return frozenset(types)


def _speaker(message: Fields) -> StartSpeaker | None:
    speaker = message.child("speaker")
    name, email = speaker.text("name", NAME_LENGTH), speaker.text("email", NAME_LENGTH)
    user_id = _user_id(speaker) or email
    return StartSpeaker(user_id or "", name or "", email or "") if user_id or name else None


def _user_id(speaker: Fields) -> str | None:
    """Return the user id as text; some clients send a number."""
    value = speaker.get("userId")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    return Fields({"userId": value}, speaker.path).text("userId", NAME_LENGTH)


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


def _no_connection_timeout(message: Fields) -> int | None:
    """Return seconds; one published SDK types the field as a boolean: true means the maximum, false 0."""
    value = message.get("noConnectionTimeout")
    if isinstance(value, bool):
        return LONGEST_TIMEOUT if value else 0
    return message.whole("noConnectionTimeout", 0, LONGEST_TIMEOUT, unit="seconds")


def _redaction(config: Fields) -> tuple[bool, str]:
    """Return (whether entities are wanted, the text that replaces redacted words or "" for no redaction).

    The text must not contain letters or digits, which could be mistaken for spoken words.
    """
    redaction = config.child("redaction")
    mask = redaction.text("redactionString", MASK_LENGTH)
    if mask is not None and any(character.isalnum() for character in mask):
        raise refused(redaction.at("redactionString"), "a string without letters and digits, such as ****", mask)
    wanted = redaction.flag("redactContent") or False
    return redaction.flag("identifyContent") or False, (mask or MASK) if wanted else ""
