"""The complete analysis of one message, as the recorder runs it."""

import logging
import time
from collections.abc import Iterator, Sequence

from insights.analysis import entities
from insights.analysis.acts import dialogue_acts
from insights.analysis.acts.commitments import Commitment, assignee, commitment
from insights.analysis.other_languages import formatted_values
from insights.analysis.other_languages.rules import LanguageRules, acts
from insights.analysis.other_languages.rules_by_language import rules_of
from insights.analysis.personal_data import with_personal_data
from insights.analysis.sentiment import polarity
from insights.analysis.text.supported_languages import knows
from insights.analysis.text.words import LONGEST
from insights.analysis.types import Finding, FoundEntity, MessageAnalysis, Person, Said
from insights.insight_kinds import InsightKind, kinds

logger = logging.getLogger(__name__)

CONTEXT = dialogue_acts.CONTEXT
"""Number of earlier messages that the analysis takes into account."""

FLOOR = 0.05
"""Findings with a lower confidence are dropped: they are not worth a database row."""

SLOW_S = 0.25
"""Seconds for one message above which the log names a detector; it should take less than a millisecond, but a machine may be busy."""


def analyse(
    said: Said, before: Sequence[Said], members: Sequence[Person], timezone_offset: int = 0, language: str = "en-US"
) -> MessageAnalysis:
    """Return the insights, entities and sentiment of a message.

    It takes well under a millisecond, raises on no text, and never uses later messages. In a language without a model the insights are
    found by rules and there is no sentiment; in one without rules there are only addresses.

    Args:
        before: earlier messages, oldest first; only the last CONTEXT are used.
        timezone_offset: the conversation's offset in minutes east of UTC.
    """
    before = before[-CONTEXT:]
    if not knows(language):
        return _by_rules(said, before, timezone_offset, rules_of(language))
    spans = with_personal_data(said.text, entities.extract(said.text, said.at, timezone_offset, members))
    kept = [(kind, confidence) for kind, confidence in _scores(said, before) if confidence >= FLOOR]
    if not kept:
        return MessageAnalysis((), spans, polarity(said.text))
    task = commitment(said.text[:LONGEST], spans, said.at, timezone_offset)
    doer = assignee(task, said, before, members)
    findings = tuple(_finding(kind, confidence, said, spans, task, doer) for kind, confidence in kept)
    phrases = tuple(dict.fromkeys(finding.action_phrase for finding in findings if finding.action_phrase))
    return MessageAnalysis(findings, spans, polarity(said.text), phrases)


def _by_rules(said: Said, before: Sequence[Said], timezone_offset: int, rules: LanguageRules | None) -> MessageAnalysis:
    """Analyse a message in another language than English."""
    spans = formatted_values.found(said.text, said.at, timezone_offset, rules)
    if rules is None:
        return MessageAnalysis((), spans)
    done = acts(said.text, rules)
    scores = [(kind, done.confidence(kind.head) if kind.detector is None else _detected(kind, said, before)) for kind in kinds()]
    due, due_text = formatted_values.due(spans, said.at, timezone_offset)
    doer = Person(said.speaker_name, said.speaker_id) if done.own and said.speaker_name else None
    findings = []
    for kind, confidence in scores:
        if confidence < FLOOR:
            continue
        hints = {"confidenceScore": f"{confidence:.4f}"}
        if not kind.assignable:
            findings.append(Finding(kind.name, confidence, said.text, entities=spans, hints=hints))
            continue
        hints |= {"dueText": due_text} if due_text else {}
        findings.append(Finding(kind.name, confidence, said.text, doer, due, entities=spans, hints=hints))
    return MessageAnalysis(tuple(findings), spans)


def _scores(said: Said, before: Sequence[Said]) -> Iterator[tuple[InsightKind, float]]:
    """Yield the confidence of each registered kind: those of the model first, as the model has them, then those of detectors."""
    registered = {kind.name: kind for kind in kinds()}
    for name, confidence in dialogue_acts.score(said, before).items():
        yield registered[name], confidence
    for kind in registered.values():
        if kind.detector is not None:
            yield kind, _detected(kind, said, before)


def _detected(kind: InsightKind, said: Said, before: Sequence[Said]) -> float:
    """Return the confidence of a detector, from 0 to 1; 0 if it fails, so that the other insights of the message are still found."""
    began = time.perf_counter()
    try:
        answer = kind.detector(said, before) if kind.detector else None
        confidence = 0.0 if answer is None else min(1.0, max(0.0, float(answer)))
    except Exception as error:  # only the type is logged: the text of an error may contain spoken words
        logger.error("the detector of the insight kind %s failed (%s)", kind.name, type(error).__name__)
        return 0.0
    if (seconds := time.perf_counter() - began) > SLOW_S:
        logger.warning("the detector of the insight kind %s took %.1f s for a message; other messages wait meanwhile", kind.name, seconds)
    return confidence


def _finding(
    kind: InsightKind, confidence: float, said: Said, spans: tuple[FoundEntity, ...], task: Commitment, doer: Person | None
) -> Finding:
    """Build one finding; only a kind that is assignable has an assignee, a due date and an action phrase."""
    hints = {"confidenceScore": f"{confidence:.4f}"}
    if not kind.assignable:
        if kind.addressed and (task.role == "NAMED" or (task.role == "ADDRESSEE" and doer)):
            hints["addressedTo"] = "; ".join(task.names) or (doer.name if doer else "")
        return Finding(kind.name, confidence, said.text, entities=spans, hints=hints)
    if task.role == "WE":
        hints["addressedTo"] = "everyone"
    if task.due_text:
        hints["dueText"] = task.due_text
    phrase = task.action_phrase
    return Finding(kind.name, confidence, said.text, doer, task.due, task.definitive, phrase, spans, hints)
