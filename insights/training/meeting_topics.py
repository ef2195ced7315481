"""The prescribed subjects of the AMI meetings: gold for topics, independent of any detector.

Each group designs a remote control in four meetings (the last letter of a meeting's name): kick-off, functional, conceptual and detailed
design. Agendas and messages were the same for all groups. The words below name the subjects of those agendas, after the corpus's
published description of its scenario. They were written down before any topics were computed.
"""

from insights.analysis.text.words import stem

_WORDS = {
    "a": (
        "animal cat dog fish bird elephant monkey rabbit tiger lion dolphin horse spider bear drawing whiteboard pen training acquaintance"
        " role budget profit selling sell price euro million market international experience"
    ),
    "b": (
        "button function functionality teletext television channel volume zap user survey percent age group young elderly lost voice speech"
        " recognition lcd screen logo slogan colour yellow corporate infrared signal battery component requirement usability working menu"
    ),
    "c": (
        "component energy battery solar kinetic dynamo rechargeable case material rubber plastic titanium wood spongy curve curved fruit"
        " vegetable trend fashion fancy chip interface scroll wheel lcd screen speech sample sensor touch button"
    ),
    "d": (
        "prototype evaluation criterion criteria scale rating score cost price production budget excel spreadsheet point creativity"
        " leadership teamwork communication satisfaction clay model celebration finance energy solar battery lcd button curve"
    ),
}

SCRIPT: dict[str, frozenset[str]] = {phase: frozenset(stem(word) for word in words.split()) for phase, words in _WORDS.items()}
"""Stems of the words for each phase's subjects, by the letter of the meeting."""


def on_script(phase: str, topics: list[tuple[str, ...]]) -> float:
    """Return the share of topics, given as stems, that name a subject of a phase."""
    return sum(not SCRIPT[phase].isdisjoint(topic) for topic in topics) / max(len(topics), 1)
