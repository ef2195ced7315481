"""A sample conversation for an account that has none: the text of the demo's recording, analysed like any other."""

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple
from uuid import UUID, uuid5

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from insights import queries, recorder
from insights.portal.signed_in import user_of
from insights.recorder import ImportOpening, Listening, SpeakerIdentity, Utterance
from insights.recorder.signals import announce

TITLE = "Sample: launch planning"
_NAMESPACE = UUID("6f1d8f6e-2f0b-4c83-9a35-0d3a3c1f7d52")


class SampleTurn(NamedTuple):
    """A turn of the sample: who speaks, from when to when in seconds, and what."""

    speaker: str
    start: float
    end: float
    text: str


@cache
def _lines() -> tuple[SampleTurn, ...]:
    text = (Path(__file__).parent / "sample.json").read_text(encoding="utf-8")
    return tuple(SampleTurn(*one) for one in json.loads(text))


@require_POST
@login_required
def add_sample(request: HttpRequest) -> HttpResponse:
    """Store the sample conversation, unless the user has one, and open it."""
    user_id = user_of(request).pk
    found = queries.sample_of(user_id)
    return redirect("conversation", conversation_id=store_sample(user_id) if found is None else found.pk)


def store_sample(user_id: int) -> int:
    """Store a sample conversation that ended now; return its id."""
    lines = _lines()
    start = timezone.now() - timedelta(seconds=lines[-1].end)
    opening = ImportOpening(owner_id=user_id, name=TITLE, started_at=start, metadata={"sample": "yes"}, sample=True)
    conversation = recorder.open_import(opening)
    names = dict.fromkeys(one.speaker for one in lines)
    members = {name: recorder.import_member(conversation.pk, SpeakerIdentity(name=name)) for name in names}
    source = uuid5(_NAMESPACE, str(conversation.pk))
    for number, line in enumerate(lines):
        member = members[line.speaker]
        spoken = Utterance(
            line.text, (), 1.0, start + timedelta(seconds=line.start), start + timedelta(seconds=line.end), uuid5(source, f"turn {number}")
        )
        announce(recorder.record(conversation.pk, spoken, Listening(member_id=member.id if member else None)))
    recorder.end_import(conversation.pk)
    return conversation.pk
