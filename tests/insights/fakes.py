"""An analysis by plain patterns, so that the tests of storing do not depend on weights."""

import re
from collections.abc import Sequence

from insights.analysis.types import Finding, FoundEntity, MessageAnalysis, Person, Said


def analyse(
    said: Said, before: Sequence[Said], members: Sequence[Person], timezone_offset: int = 0, language: str = "en-US"
) -> MessageAnalysis:
    """Find questions in `?`, an action item in each `X will`, a person in each member's name, a date in `tomorrow`; only in English."""
    if not language.startswith("en"):
        return MessageAnalysis()
    entities = [
        FoundEntity("person", member.name, said.text.index(member.name), {"name": member.name, "userId": member.user_id})
        for member in members
        if member.name and member.name in said.text
    ]
    if "tomorrow" in said.text:
        entities.append(FoundEntity("date", "tomorrow", said.text.index("tomorrow"), {"datetime": "2026-03-03"}))
    findings = []
    if "?" in said.text:
        findings.append(Finding("question", 0.9, said.text, hints={"addressedTo": "all"}))
    if will := re.search(r"(\w+) will (\w+)", said.text):
        who = next((member for member in members if member.name == will.group(1)), Person(will.group(1)))
        phrase = said.text[will.start(2) :].rstrip(".")
        due = said.at.replace(hour=0) if "tomorrow" in said.text else None
        findings.append(Finding("action_item", 0.7, said.text, who, due, True, phrase, tuple(entities)))
    if "maybe" in said.text:
        findings.append(Finding("follow_up", 0.2, said.text))
    sentiment = 0.5 if "good" in said.text else 0.0
    return MessageAnalysis(tuple(findings), tuple(entities), sentiment, tuple(f.action_phrase for f in findings if f.action_phrase))
