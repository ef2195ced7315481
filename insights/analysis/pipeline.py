"""The whole analysis of one message, as the recorder runs it."""

from collections.abc import Sequence

from insights.analysis import acts, entities
from insights.analysis.commitments import Commitment, commitment
from insights.analysis.findings import Entity, Finding, FindingType, MessageAnalysis, Person, Said
from insights.analysis.sentiment import polarity
from insights.analysis.words import LONGEST

CONTEXT = acts.CONTEXT
"""How many messages before the one in question are looked at."""

FLOOR = 0.05
"""Findings of a lower confidence are not worth a row."""


def analyse(said: Said, before: Sequence[Said], members: Sequence[Person], timezone_offset: int = 0) -> MessageAnalysis:
    """What is in a message. before: oldest first, the last CONTEXT of them count; timezone_offset: the conversation's, minutes east of UTC.

    Costs well under a millisecond, never raises on any text, and knows nothing of what was said later.
    """
    before = before[-CONTEXT:]
    spans = entities.extract(said.text, said.at, timezone_offset, members)
    task = commitment(said.text[:LONGEST], spans, said.at, timezone_offset)
    confidences = acts.score(said, before)
    findings = tuple(
        _finding(kind, confidence, said, spans, task, _assignee(task, said, before, members))
        for kind, confidence in confidences.items()
        if confidence >= FLOOR
    )
    phrases = tuple(dict.fromkeys(finding.action_phrase for finding in findings if finding.action_phrase))
    return MessageAnalysis(findings, spans, polarity(said.text), phrases)


def _finding(
    kind: FindingType, confidence: float, said: Said, spans: tuple[Entity, ...], task: Commitment, assignee: Person | None
) -> Finding:
    """One insight; a question has no assignee, no due date and no action phrase of its own."""
    hints = {"confidenceScore": f"{confidence:.4f}"}
    if kind == "question":
        if task.role == "NAMED" or (task.role == "ADDRESSEE" and assignee):
            hints["addressedTo"] = "; ".join(task.names) or (assignee.name if assignee else "")
        return Finding(kind, confidence, said.text, entities=spans, hints=hints)
    if task.role == "WE":
        hints["addressedTo"] = "everyone"
    if task.due_text:
        hints["dueText"] = task.due_text
    phrase = task.action_phrase
    return Finding(kind, confidence, said.text, assignee, task.due, task.definitive, phrase, spans, hints)


def _assignee(task: Commitment, said: Said, before: Sequence[Said], members: Sequence[Person]) -> Person | None:
    """The person behind a role: the speaker, the one spoken to where that is clear, a member by name, else the bare name."""
    if task.role == "SPEAKER":
        return Person(said.speaker_name, said.speaker_id) if said.speaker_name or said.speaker_id else None
    if task.role == "NAMED":
        return _member(task.names[0], members) or Person(", ".join(task.names))
    if task.role != "ADDRESSEE":
        return None
    others = [member for member in members if not _is_speaker(member, said)]
    if len(others) == 1 and len(members) == 2:
        return others[0]
    for other in reversed(before):
        if other.speaker != said.speaker and (other.speaker_name or other.speaker_id):
            return Person(other.speaker_name, other.speaker_id)
    return None


def _is_speaker(member: Person, said: Said) -> bool:
    return member.user_id == said.speaker_id if member.user_id and said.speaker_id else member.name == said.speaker_name


def _member(name: str, members: Sequence[Person]) -> Person | None:
    """The one member of this full or first name."""
    low = name.lower()
    full = [member for member in members if member.name.lower() == low]
    first = [member for member in members if member.name.lower().split(" ")[0] == low]
    return full[0] if len(full) == 1 else first[0] if len(first) == 1 else None
