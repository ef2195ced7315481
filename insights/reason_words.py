"""Reasons and errors in the language of the page. They are stored and sent to programs in English; nothing stores a translation.

`SENTENCES` has the sentences as they are stored, with placeholders for their values.
"""

import re
from collections.abc import Iterator
from functools import cache

from django.utils.translation import gettext, gettext_noop

SENTENCES = (
    # imports (insights.jobs, streaming.imports, streaming.audio.decode_file)
    gettext_noop("the text is not there: hosts that run jobs must share DATA_DIR/uploads"),
    gettext_noop("the uploaded file is not there: hosts that run jobs must share DATA_DIR/uploads"),
    gettext_noop("%(language)s is not understood here; allowed are %(allowed)s"),
    gettext_noop("the file has one channel only"),
    gettext_noop("the file cannot be decoded"),
    gettext_noop("decoding the file takes too long"),
    gettext_noop("decoding the file takes too much processor time"),
    gettext_noop("the file cannot be decoded: it is damaged, or needs too much memory"),
    gettext_noop("the file is longer than %(hours)s hours"),
    gettext_noop("the file is longer than %(seconds)s seconds"),
    gettext_noop("no audio can be decoded: the file is damaged, or its audio has no sample"),
    gettext_noop("the file is damaged, or not one of the formats %(formats)s"),
    gettext_noop("the file has %(number)s streams; at most %(most)s are allowed"),
    gettext_noop("the file has no audio"),
    gettext_noop("the codec of the file's audio is not supported"),
    gettext_noop("the audio has %(rate)s samples per second; allowed is from %(least)s to %(most)s"),
    gettext_noop("the audio has %(number)s channels; at most %(most)s are allowed"),
    gettext_noop("the audio changes to a rate or a number of channels that is not allowed"),
    gettext_noop("speakers in one audio source are not told apart on this server"),
    gettext_noop("the models that tell speakers apart cannot be loaded on this server"),
    # any job
    gettext_noop("an unexpected error happened on the server (%(name)s)"),
    gettext_noop("the conversation was deleted, or moved to the bin"),
    gettext_noop("words in the conversations were deleted again and again while the file was created; ask again later"),
    gettext_noop("%(number)s of the conversations were left out: the conversations were deleted, or are no longer shared with you"),
    gettext_noop("the conversations were deleted, or are no longer shared with you"),
    gettext_noop("the export was removed"),
    gettext_noop("Audio that was being recorded is not in the export."),
    gettext_noop("Some stored audio could not be read and is not in the export."),
    # URLs of imports and webhooks (insights.http_client, insights.public_addresses)
    gettext_noop("the server of the URL answered with status %(status)s"),
    gettext_noop("the server of the URL sent a compressed body although none was requested"),
    gettext_noop("the file at the URL is larger than %(bytes)s bytes"),
    gettext_noop("the server of the URL did not answer within %(seconds)s s"),
    gettext_noop("the server of the URL cannot be reached (%(name)s)"),
    gettext_noop("the URL redirects more than %(number)s times"),
    gettext_noop("the host name of the URL is not known"),
    gettext_noop("the host of the URL has an address that is not public; allowed are public addresses"),
    gettext_noop("the URL is longer than %(number)s characters"),
    gettext_noop("this is not a URL; an absolute URL such as https://example.org/path is needed"),
    gettext_noop("the URL must start with https:// or http://"),
    gettext_noop("the URL must not contain a user name or password"),
    gettext_noop("the URL has no host"),
    gettext_noop("the host of the URL is neither a host name nor an IP address"),
    gettext_noop("the port of the URL must be between 1 and 65535"),
    gettext_noop("the URL redirects to one that is refused: %(reason)s"),
    gettext_noop("it is not a URL"),
    # webhooks
    gettext_noop("no delivery succeeded for a day"),
    gettext_noop("the event was deleted before it was sent"),
    gettext_noop("the conversation was in the bin"),
    # what an account manages (insights.managed)
    gettext_noop("must have at least one visible character"),
    gettext_noop("may have at most %(most)s characters, not %(number)s"),
    gettext_noop("must have %(least)s to %(most)s items, not %(number)s"),
    gettext_noop("only letters, digits, spaces and the characters . ' - are allowed"),
    gettext_noop("must have at least one letter or digit"),
    gettext_noop("must have at least one letter"),
    gettext_noop("at least one visible character is needed"),
    gettext_noop("only a team that you are in can be chosen"),
    gettext_noop("is the same as %(place)s; each must be different"),
    gettext_noop("two of the trackers have the same name; each must be different"),
    gettext_noop("a tracker with the name %(name)s exists already; change it or choose another name"),
    gettext_noop("an account may have at most %(most)s trackers; delete some first"),
    gettext_noop("two of the entities have the same type and subType; give each pair once, with all of its values"),
    gettext_noop("an entity with type %(type)s and subType %(sub_type)s exists already; change it instead"),
    gettext_noop("an account may have at most %(most)s entities; delete some first"),
    gettext_noop("all entities of an account may have at most %(most)s values together; delete some first"),
    gettext_noop("an account may have at most %(most)s groups; delete some first"),
    gettext_noop("an account may have at most %(most)s webhooks; delete one that is not needed"),
    # the criteria of groups (insights.queries.rsql)
    gettext_noop("must have at most %(most)s characters"),
    gettext_noop("must not have a NUL character"),
    gettext_noop("must have at most %(most)s comparisons"),
    gettext_noop("must have at most %(most)s nested parentheses"),
    gettext_noop("character %(place)s is not allowed here; an expression is a field, an operator and a value: name==Standup"),
    gettext_noop("expected `;` or the end after part %(place)s"),
    gettext_noop("a parenthesis is not closed"),
    gettext_noop("expected a field: %(fields)s"),
    gettext_noop("expected an operator after a field: %(operators)s"),
    gettext_noop("expected a list in parentheses after =in= and =out=: metadata.team=in=(sales,support)"),
    gettext_noop("the list after =in= or =out= is not closed"),
    gettext_noop("expected a value after an operator; put it into quotation marks if it has spaces or one of ( ) ; , = < > ! ~"),
    gettext_noop("ends too early; an expression is a field, an operator and a value: name==Standup"),
    gettext_noop("there is no such field; there are %(fields)s"),
    gettext_noop("must be the digits of a conversation's id"),
    gettext_noop("startTime and endTime are compared with times in ISO 8601, such as 2026-03-02T14:00:00Z"),
    gettext_noop("startTime and endTime are compared with times from 1900 to 8999"),
    gettext_noop("a key of digits only cannot be used here"),
)


def translated(reason: str) -> str:
    """Return a reason in the language of the page; as it is if it is none of SENTENCES. Values stay, but for reasons inside a reason."""
    for pattern, sentence in _patterns():
        if found := pattern.fullmatch(reason):
            values = found.groupdict()
            if "reason" in values:
                values["reason"] = translated(values["reason"])
            return gettext(sentence) % values if values else gettext(sentence)
    return reason


def as_sentence(reason: str) -> str:
    """Return a reason in the language of the page with a capital letter and a full stop."""
    text = translated(reason).rstrip(".")
    return text and text[0].upper() + text[1:] + "."


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple(_compiled())


def _compiled() -> Iterator[tuple[re.Pattern[str], str]]:
    for sentence in SENTENCES:
        literal = re.split(r"%\((\w+)\)s", sentence)
        parts = (f"(?P<{part}>.+)" if place % 2 else re.escape(part) for place, part in enumerate(literal))
        yield re.compile("".join(parts), re.DOTALL), sentence
