"""How to call and reach a person: names, e-mail addresses and domains, also where they are spoken ("jane dot doe at example dot com")."""

import re
from collections.abc import Iterator

from insights.analysis.names.proper_nouns import NOT_NAMES
from insights.analysis.personal_data.personal_data_kinds import PersonalData, PersonalDataKind
from insights.analysis.text.words import FILLERS, STOP_WORDS

_TLD = (
    r"(?:com|org|net|io|dev|ai|app|edu|gov|mil|int|info|biz|shop|co|uk|us|de|fr|it|es|nl|eu|se|ch|at|pl|ly|me|tv|ca|au|in|jp|cn|br|ru|no|dk|fi"
    r"|be|cz|gr|pt|ie|nz|za|mx|ar|kr|tr|ua|ro|hu|il|sg|hk|id|xyz|online"
    r"|site|tech|cloud|local|blog|fm|design)"
)
_HOST = rf"[a-z\d][a-z\d-]*(?:(?: (?:dash|hyphen) |\.| dot )[a-z\d-]+){{0,5}}(?:\.| dot ){_TLD}(?![\w-]|\.\w)"
_LOCAL = r"[\w.'+-]+(?:(?: (?:dot|underscore|dash|hyphen|plus|minus) | )[\w'+-]+){0,5}"
_MAILS = re.compile(rf"(?<![\w.@])(?P<local>{_LOCAL})(?P<at> at |@){_HOST}")
_SPACED_MAILS = re.compile(
    rf"(?<![\w.@])(?P<local>[a-z][\w'-]*(?: (?:dot|underscore|dash) [\w-]+){{0,4}})"
    rf" at (?P<host>(?!at )[a-z\d-]+(?: (?!at )[a-z\d-]+){{1,5}}?) dot {_TLD}(?![\w-])"
)
"""An address at a host of several words or of spelled letters: 'bookings at hotel alpine dot ch'."""
_WRITTEN_MAIL = re.compile(r"(?<![\w.'+-])[\w.'+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}(?!\w)")
_DOMAINS = re.compile(
    rf"(?<![\w.@-])(?:(?:https?://|https? colon slash slash |www(?:\.| dot )))?(?!the dot ){_HOST}"
    r"(?: slash [a-z\d-]+(?: (?:one|two|three|four|five|six|seven|eight|nine|\d+))?){0,4}(?:/[^\s<>\"']{0,2000})?(?<![.,;:!?)\]])"
)
_NO_LOCAL = re.compile(
    r"in|up|out|me|us|him|her|it|them|you|are|is|was|be|on|by|or|and|page|look|arrive|meet|live|work|works|stay|start|starts"
)
"""Words before "at" that are no address: 'call me at example dot com'."""
_JOINTS = frozenset({"dot", "underscore", "dash", "hyphen", "plus", "minus"})
_BEFORE_MAIL = re.compile(
    r"a|an|and|at|to|is|it's|its|that's|that|so|was|me|my|email|mail|address|e-mail|use|under|reach|him|her|us|contact|write|send"
    r"|forward|cc|copy|just|please|try|login|be|by|or|on|via|of|for|you|spell|it|i|am|i'm|instead|works|here|private|work|new|one"
    r"|are|with|about|from"
)


def internet_addresses(low: str) -> Iterator[PersonalData]:
    """Yield e-mail addresses and domain names, written and spoken, from a lower-case text."""
    for match in _WRITTEN_MAIL.finditer(low):
        yield PersonalData(match.start(), match.end(), PersonalDataKind.EMAIL_ADDRESS)
    mails = []
    for match in _MAILS.finditer(low):
        start = _local_start(match.group("local"), match.start("local"))
        if start is not None:
            mails.append((start, match.end()))
            yield PersonalData(start, match.end(), PersonalDataKind.EMAIL_ADDRESS)
    for match in _SPACED_MAILS.finditer(low):
        local = match.group("local")
        if not (any(word in STOP_WORDS for word in match.group("host").split()) or _NO_LOCAL.fullmatch(local) or local in STOP_WORDS):
            mails.append((match.start("local"), match.end()))
            yield PersonalData(match.start("local"), match.end(), PersonalDataKind.EMAIL_ADDRESS)
    for match in _DOMAINS.finditer(low):
        if not any(start <= match.start() < end for start, end in mails):
            yield PersonalData(_host_start(low, match.start()), match.end(), PersonalDataKind.DOMAIN_NAME)


_WORDS_BEFORE = re.compile(r"(?:(?<![\w@.])[a-z][a-z\d'-]* ){1,3}$")
_HOST_CUES = frozenset(
    ["at", "on", "from", "to", "in", "is", "it's", "website", "site", "domain", "page", "link", "url", "address", "visit", "via", "that's"]
    + ["blog", "shop", "check", "under", "called", "see", "for", "by", "with", "out"]
)


def _host_start(low: str, start: int) -> int:
    """Return where a spoken host of several words starts ('open street map dot org').

    That is behind the nearest of the words that introduce a host, if it is one of the three words before; else behind the last word that
    can only be talk.
    """
    before = _WORDS_BEFORE.search(low, max(0, start - 40), start)
    if before is None or " dot " not in low[start : start + 80]:
        return start
    words = list(re.finditer(r"\S+", before.group()))
    for word in reversed(words):
        if word.group() in _HOST_CUES:
            return before.start() + word.end() + 1
    for word in reversed(words[-2:]):
        if word.group() in STOP_WORDS or word.group() in FILLERS or word.group() == "dot":
            break
        start = before.start() + word.start()
    return start


def _local_start(local: str, offset: int) -> int | None:
    """Return where the part before the @ starts: words that do not belong to an address end it. None if there is no such part."""
    parts = list(re.finditer(r"\S+", local))
    start: int | None = None
    for place in range(len(parts) - 1, -1, -1):
        word = parts[place].group()
        joined = place + 1 < len(parts) and parts[place + 1].group() in _JOINTS
        last = place == len(parts) - 1
        letters = len(word) == 1 and place + 1 < len(parts) and len(parts[place + 1].group()) == 1
        if (_NO_LOCAL if last else _BEFORE_MAIL).fullmatch(word) and not (joined or letters):
            break
        if word not in _JOINTS:
            start = offset + parts[place].start()
    return start


_NAME = r"[A-Z][\w'’-]+(?: (?:[A-Z]\.|[A-Z][\w'’-]+)){0,3}"
_INTRODUCED = re.compile(
    rf"(?:\b[Nn]ame is|\b[Mm]y name's|\b[Tt]his is|\b[Ss]peaking (?:with|to)|\b[Ii]s called|\b[Uu]nder the name"
    r"|\b(?:Mr|Mrs|Ms|Dr|Miss|Prof)\.?"
    rf"|\b[Cc]olleague|\b[Pp]atient,) (?P<name>{_NAME})"
)
_NO_FULL_NAME = re.compile(
    r"google|microsoft|amazon|apple|azure|oracle|adobe|cloud|team|manager|director|engineer|office|suite|studio|server|service"
    r"|services|support|street|avenue|road|bank|university|college|school|hospital|project|product|platform|policy|department|group"
    r"|board|page|button|settings|north|south|east|west|new|united|san|los|saint|api|app|store|play|house|world|cup|super|bowl"
)
"""Words of products, places and roles that are written with capitals, too."""
_FULL_NAME = re.compile(r"(?<![\w.'’-])[A-Z][a-z]{2,15} [A-Z][a-z]{2,15}(?![\w-]| [A-Z])")
_NO_NAME = re.compile(
    r"The|A|An|It|This|That|I|We|You|He|She|They|My|Our|Your|There|Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday"
)


def people(text: str) -> Iterator[PersonalData]:
    """Yield names by the words that introduce them ("my name is", "this is", titles), and pairs of capitalised words within a sentence."""
    for match in _FULL_NAME.finditer(text):
        if not any(map(_is_no_name, match.group().split())):
            yield PersonalData(match.start(), match.end(), PersonalDataKind.PERSON_NAME)
    for match in _INTRODUCED.finditer(text):
        if not _NO_NAME.fullmatch(match.group("name").split()[0]):
            yield PersonalData(match.start("name"), match.end("name"), PersonalDataKind.PERSON_NAME)


def _is_no_name(word: str) -> bool:
    low = word.lower()
    return low in NOT_NAMES or bool(_NO_FULL_NAME.fullmatch(low) or _NO_NAME.fullmatch(word))
