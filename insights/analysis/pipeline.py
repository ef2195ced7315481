"""The complete analysis of one message, as the recorder runs it."""

from collections.abc import Sequence

from insights.analysis import entities
from insights.analysis.acts import dialogue_acts
from insights.analysis.acts.assignees import assignee
from insights.analysis.acts.commitments import Commitment, commitment
from insights.analysis.sentiment import polarity
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Entity, Finding, FindingType, MessageAnalysis, Person, Said

CONTEXT = dialogue_acts.CONTEXT
"""Number of earlier messages that the analysis takes into account."""

FLOOR = 0.05
"""Findings with a lower confidence are dropped: they are not worth a database row."""


def analyse(said: Said, before: Sequence[Said], members: Sequence[Person], timezone_offset: int = 0) -> MessageAnalysis:
    """Return the insights, entities and sentiment of a message.

    It takes well under a millisecond, raises on no text, and never uses later messages.

    Args:
        before: earlier messages, oldest first; only the last CONTEXT are used.
        timezone_offset: the conversation's offset in minutes east of UTC.
    """
    before = before[-CONTEXT:]
    spans = entities.extract(said.text, said.at, timezone_offset, members)
    kept = [(kind, confidence) for kind, confidence in dialogue_acts.score(said, before).items() if confidence >= FLOOR]
    if not kept:
        return MessageAnalysis((), spans, polarity(said.text))
    task = commitment(said.text[:LONGEST], spans, said.at, timezone_offset)
    doer = assignee(task, said, before, members)
    findings = tuple(_finding(kind, confidence, said, spans, task, doer) for kind, confidence in kept)
    phrases = tuple(dict.fromkeys(finding.action_phrase for finding in findings if finding.action_phrase))
    return MessageAnalysis(findings, spans, polarity(said.text), phrases)


def _finding(kind: FindingType, confidence: float, said: Said, spans: tuple[Entity, ...], task: Commitment, doer: Person | None) -> Finding:
    """Build one finding; a question has no assignee, no due date and no action phrase."""
    hints = {"confidenceScore": f"{confidence:.4f}"}
    if kind == "question":
        if task.role == "NAMED" or (task.role == "ADDRESSEE" and doer):
            hints["addressedTo"] = "; ".join(task.names) or (doer.name if doer else "")
        return Finding(kind, confidence, said.text, entities=spans, hints=hints)
    if task.role == "WE":
        hints["addressedTo"] = "everyone"
    if task.due_text:
        hints["dueText"] = task.due_text
    phrase = task.action_phrase
    return Finding(kind, confidence, said.text, doer, task.due, task.definitive, phrase, spans, hints)
