"""Broken messages, kept as files: the error of each names its field and what is allowed."""

from pathlib import Path

import pytest

from streaming.protocols.symbl import WireError, error_envelope, error_top, parse
from streaming.protocols.symbl.parsing import MAX_TEXT
from tests.streaming.protocols.samples import HERE

FOLDER = HERE / "broken"

NO_JSON = "must be a JSON object or __PING__"
KNOWN_TYPES = "one of start_request, stop_request, modify_request"
SPEECH = "config.speechRecognition"

EXPECTED = {
    "not_json.txt": ("", NO_JSON),
    "empty.txt": ("", NO_JSON),
    "cut_off.json": ("", NO_JSON),
    "two_values.json": ("", NO_JSON),
    "a_list.json": ("", "not a list"),
    "a_number.json": ("", "not 42"),
    "quoted_start.txt": ("", NO_JSON),
    "quoted_code.txt": ("", NO_JSON),
    "no_type.json": ("type", KNOWN_TYPES),
    "type_of_number.json": ("type", KNOWN_TYPES),
    "type_unknown.json": ("type", KNOWN_TYPES),
    "type_from_telephony.json": ("type", KNOWN_TYPES),
    "deep.json": ("", "at most 32 levels deep"),
    "deeper_than_the_stack.txt": ("", "at most 32 levels deep"),
    "nan_threshold.json": ("config.confidenceThreshold", "from 0 to 1, not NaN"),
    "infinite_rate.json": (f"{SPEECH}.sampleRateHertz", "from 8000 to 48000 Hz, not Infinity"),
    "nan_in_unknown_field.json": ("", "-Infinity is not a number that JSON allows"),
    "huge_exponent.json": ("config.confidenceThreshold", "from 0 to 1"),
    "endless_number.json": ("", "thousands of digits"),
    "threshold_too_high.json": ("config.confidenceThreshold", "from 0 to 1, not 1.5"),
    "threshold_negative.json": ("config.confidenceThreshold", "from 0 to 1, not -0.1"),
    "threshold_text.json": ("config.confidenceThreshold", "a number from 0 to 1, not 'half'"),
    "threshold_true.json": ("config.confidenceThreshold", "a number from 0 to 1, not true"),
    "config_list.json": ("config", "an object, not a list"),
    "speech_text.json": (SPEECH, "an object, not 'LINEAR16'"),
    "encoding_unknown.json": (f"{SPEECH}.encoding", "one of LINEAR16, MULAW, FLAC, OPUS, WEBM_OPUS, OGG_OPUS, not 'MP3'"),
    "encoding_number.json": ("config.encoding", "one of LINEAR16, MULAW, FLAC, OPUS, WEBM_OPUS, OGG_OPUS, not 16"),
    "rate_too_low.json": (f"{SPEECH}.sampleRateHertz", "from 8000 to 48000 Hz, not 4000"),
    "rate_too_high.json": ("config.sampleRateHertz", "from 8000 to 48000 Hz, not 96000"),
    "rate_broken_number.json": (f"{SPEECH}.sampleRateHertz", "a whole number"),
    "rate_text.json": (f"{SPEECH}.sampleRateHertz", "a whole number"),
    "language_list.json": ("config.languageCode", "such as en-US, not a list"),
    "language_sentence.json": ("config.languageCode", "such as en-US"),
    "title_number.json": ("config.meetingTitle", "a string, not 7"),
    "title_too_long.json": ("config.meetingTitle", "at most 500 characters"),
    "title_nul.json": ("config.meetingTitle", "cannot be stored"),
    "title_half_surrogate.json": ("config.meetingTitle", "cannot be stored"),
    "timezone_too_far.json": ("config.timezoneOffset", "from -1080 to 1080 minutes from UTC, not 1081"),
    "timezone_name.json": ("config.timezoneOffset", "minutes from UTC, not 'Europe/Vienna'"),
    "config_trackers_list.json": ("config.trackers", "an object"),
    "tracker_interims_text.json": ("config.trackers.interimResults", "true or false, not 'yes'"),
    "all_trackers_number.json": ("enableAllTrackers", "true or false, not 1"),
    "entities_text.json": ("config.detectEntities", "true or false"),
    "sentiment_number.json": ("config.sentiment", "true or false, not 0"),
    "redaction_number.json": ("config.redaction.redactContent", "true or false, not 1"),
    "redaction_mask_number.json": ("config.redaction.redactionString", "a string, not 7"),
    "redaction_mask_too_long.json": ("config.redaction.redactionString", "at most 64 characters"),
    "metadata_number.json": ("metadata.floor", "a string, not 3"),
    "metadata_nested.json": ("metadata.room", "a string, not an object"),
    "metadata_too_long.json": ("metadata.room", "at most 128 characters"),
    "metadata_name_nul.json": ("metadata", "without NUL"),
    "webhook_ftp.json": ("webhookUrl", "an http or https URL"),
    "webhook_broken_port.json": ("webhookUrl", "an http or https URL"),
    "redaction_text.json": ("config.redaction.identifyContent", "true or false"),
    "insight_types_text.json": ("insightTypes", "a list of insight types, not 'question'"),
    "insight_type_unknown.json": ("insightTypes[1]", "one of question, action_item, follow_up, topic, not 'joke'"),
    "insight_type_object.json": ("insightTypes[0]", "one of question, action_item, follow_up, topic, not an object"),
    "vocabulary_text.json": ("customVocabulary", "a list of strings, not 'Parley'"),
    "vocabulary_number.json": ("customVocabulary[1]", "a string, not 3"),
    "vocabulary_blank.json": ("customVocabulary[0]", "1 to 256 characters"),
    "speaker_text.json": ("speaker", "an object, not 'Jane'"),
    "speaker_name_list.json": ("speaker.name", "a string, not a list"),
    "speaker_name_too_long.json": ("speaker.name", "at most 256 characters long, not 257"),
    "speaker_user_id_true.json": ("speaker.userId", "a string, not true"),
    "speaker_user_id_nul.json": ("speaker.userId", "cannot be stored"),
    "speaker_user_id_too_long.json": ("speaker.userId", "at most 256 characters"),
    "speaker_email_number.json": ("speaker.email", "a string, not 5"),
    "trackers_object.json": ("trackers", "a list of trackers, not an object"),
    "tracker_text.json": ("trackers[0]", "an object, not 'Price'"),
    "tracker_no_name.json": ("trackers[0].name", "1 to 256 characters"),
    "tracker_no_phrase.json": ("trackers[0].vocabulary", "a list of 1 to 50 strings, not a list of 0 strings"),
    "tracker_phrase_number.json": ("trackers[0].vocabulary[1]", "a string, not 5"),
    "no_connection_timeout_long.json": ("noConnectionTimeout", "from 0 to 1800 seconds, not 1801"),
    "no_connection_timeout_text.json": ("noConnectionTimeout", "a whole number from 0 to 1800 seconds"),
    "stop_timeout_negative.json": ("disconnectOnStopRequestTimeout", "from 0 to 1800 seconds, not -1"),
    "audio_age_text.json": ("audioAge", "a number from 0 to 1800, not 'now'"),
    "audio_age_too_high.json": ("audioAge", "from 0 to 1800, not 1800.5"),
    "audio_age_negative.json": ("audioAge", "from 0 to 1800, not -0.1"),
    "disconnect_text.json": ("disconnectOnStopRequest", "true or false, not 'no'"),
    "modify_nothing.json": ("speechRecognition", "encoding, sampleRateHertz or both"),
    "modify_rate_zero.json": ("speechRecognition.sampleRateHertz", "from 8000 to 48000 Hz, not 0"),
}


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_a_broken_message_is_refused(path: Path) -> None:
    """The error has the field's path, and its text repeats it with what is allowed."""
    field, says = EXPECTED[path.name]
    with pytest.raises(WireError) as refusal:
        parse(path.read_text(encoding="utf-8"))
    assert refusal.value.field == field
    assert says in refusal.value.message
    assert field in refusal.value.message


def test_every_expectation_has_its_file() -> None:
    """Each broken message has an expectation and a file."""
    assert {path.name for path in FOLDER.iterdir()} == set(EXPECTED)


def test_a_text_of_a_mebibyte_is_refused_unread() -> None:
    """The limit applies to a valid start_request too, and the error names it."""
    text = '{"type": "start_request", "padding": "' + "x" * 2**20 + '"}'
    with pytest.raises(WireError, match=f"at most {MAX_TEXT} characters"):
        parse(text)


def test_a_refused_value_is_repeated_safely() -> None:
    """A long value is cut, half a character is escaped: the error can always be sent."""
    with pytest.raises(WireError) as refusal:
        parse('{"type": "\\ud83d' + "y" * 5000 + '"}')
    assert len(refusal.value.message) < 200
    for error in (error_envelope(refusal.value.message), error_top(refusal.value.message)):
        assert str(error).isascii()
