"""When each word of the transcript is spoken, for playback: as JSON, fetched when somebody first plays the audio."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import accumulate

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_GET

from insights import queries
from insights.models import Conversation, Message
from insights.portal import parts
from insights.portal.conversation import seen_conversation, wanted_part
from insights.portal.timeline import speech_of
from insights.portal.transcript import seconds_from_start
from insights.snapshots import JsonObject

WORD = re.compile(r"\S+")


@require_GET
@login_required
def word_times(request: HttpRequest, conversation_id: int) -> JsonResponse:
    """Return {"words": {message id: [[character, start, end], …]}, "speech": [[start, end], …]} in seconds from the start.

    `words` has the messages of one part of the page, `speech` the whole conversation. 404 for the conversation of another user.
    """
    one = seen_conversation(request, conversation_id)
    part = wanted_part(request, one)
    messages = queries.transcript_of(one, (part - 1) * parts.PART, part * parts.PART, words=True)
    speech = speech_of(queries.speech_spans(one))
    content = {
        "words": {str(message.id): _places(one, message) for message in messages},
        "speech": [[round(start, 2), round(end, 2)] for start, end in speech],
    }
    return JsonResponse(content, json_dumps_params={"separators": (",", ":")})


def _places(conversation: Conversation, message: Message) -> list[list[float]]:
    start, end = (seconds_from_start(conversation, at) for at in (message.started_at, message.ended_at))
    return [
        [place, round(begin, 2), round(until, 2)]
        for place, begin, until in places_of(conversation, message.text, message.words, start, end)
    ]


def places_of(
    conversation: Conversation, text: str, words: Sequence[JsonObject], start: float, end: float
) -> list[tuple[int, float, float]]:
    """Return (first character in UTF-16 units, start, end) of each word of a text, between the start and the end of its message.

    Words that are as they were recognised have their recognised times. Those that a person wrote share the time between these by length.
    """
    written = [(match.start(), match.group()) for match in WORD.finditer(text)]
    times = _known_times(conversation, [word for _, word in written], words)
    utf16 = list(accumulate((len(char.encode("utf-16-le")) // 2 for char in text), initial=0))
    found: list[tuple[int, float, float]] = []
    at = 0
    while at < len(written):
        if (known := times[at]) is not None:
            found.append((utf16[written[at][0]], *known))
            at += 1
            continue
        last = next((later for later in range(at, len(written)) if times[later] is not None), len(written))
        begin = found[-1][2] if found else start
        until = following[0] if last < len(written) and (following := times[last]) else end
        found += _shared([(utf16[place], len(word)) for place, word in written[at:last]], begin, max(begin, until))
        at = last
    return found


def _known_times(conversation: Conversation, written: Sequence[str], words: Sequence[JsonObject]) -> list[tuple[float, float] | None]:
    """Return the recognised times of the words of a text, None for those that were not recognised like that."""
    spoken = [_bare(str(word["word"])) for word in words]
    times: list[tuple[float, float] | None] = []
    position = 0
    for word in map(_bare, written):
        nearby = spoken[position : position + NEAR]
        if word not in nearby:
            times.append(None)
            continue
        position += nearby.index(word)
        times.append(_times(conversation, words[position]))
        position += 1
    return times


NEAR = 6
"""Recognised words among which the next word of the text is looked for."""


def _times(conversation: Conversation, word: JsonObject) -> tuple[float, float]:
    start, end = (seconds_from_start(conversation, datetime.fromisoformat(str(word[name]))) for name in ("startTime", "endTime"))
    return start, max(start, end)


def _shared(words: Sequence[tuple[int, int]], start: float, end: float) -> list[tuple[int, float, float]]:
    """Share a stretch of time among words by their lengths."""
    total = sum(length for _, length in words) or 1
    ends = list(accumulate((end - start) * length / total for _, length in words))
    return [(place, start + before, start + until) for (place, _), before, until in zip(words, [0.0, *ends[:-1]], ends, strict=True)]


def _bare(word: str) -> str:
    return re.sub(r"[^\w']", "", word).lower()
