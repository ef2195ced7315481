"""The whole analysis of one message, as the recorder runs it."""

from collections.abc import Sequence

from insights.analysis import entities
from insights.analysis.acts import dialogue_acts
from insights.analysis.acts.assignees import assignee
from insights.analysis.acts.commitments import Commitment, commitment
from insights.analysis.sentiment import polarity
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Entity, Finding, FindingType, MessageAnalysis, Person, Said

CONTEXT = dialogue_acts.CONTEXT
"""How many messages before the one in question are looked at."""

FLOOR = 0.05
"""Findings of a lower confidence are not worth a row."""


def analyse(said: Said, before: Sequence[Said], members: Sequence[Person], timezone_offset: int = 0) -> MessageAnalysis:
    """What is in a message. before: oldest first, the last CONTEXT of them count; timezone_offset: the conversation's, minutes east of UTC.

    Costs well under a millisecond, never raises on any text, and knows nothing of what was said later.
    """
    before = before[-CONTEXT:]
    spans = entities.extract(said.text, said.at, timezone_offset, members)
    told = [(kind, confidence) for kind, confidence in dialogue_acts.score(said, before).items() if confidence >= FLOOR]
    if not told:
        return MessageAnalysis((), spans, polarity(said.text))
    task = commitment(said.text[:LONGEST], spans, said.at, timezone_offset)
    doer = assignee(task, said, before, members)
    findings = tuple(_finding(kind, confidence, said, spans, task, doer) for kind, confidence in told)
    phrases = tuple(dict.fromkeys(finding.action_phrase for finding in findings if finding.action_phrase))
    return MessageAnalysis(findings, spans, polarity(said.text), phrases)


def _finding(kind: FindingType, confidence: float, said: Said, spans: tuple[Entity, ...], task: Commitment, doer: Person | None) -> Finding:
    """One insight; a question has no assignee, no due date and no action phrase of its own."""
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
