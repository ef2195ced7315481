"""Join a live conversation or start it."""

import logging
from datetime import datetime

from django.db import IntegrityError
from django.utils import timezone

from insights.compiled_query import CompiledQuery
from insights.database import log_after_commit, write_transaction
from insights.events import MemberJoined
from insights.managed import LiveSettings, settings_of, share_new
from insights.models import Conversation, LiveSession, Member
from insights.models.conversations import new_conversation_id
from insights.names import LONGEST_NAME, clean_name
from insights.payloads import conversation_created, member_snapshot
from insights.recorder.audio import begin_audio, is_recorded
from insights.recorder.diarization import begin_diarization
from insights.recorder.event_log import EventLog, clean
from insights.recorder.tracked import add_trackers
from insights.recorder.types import ConversationBusy, Joined, Opening, SpeakerIdentity, TooManySpeakers, UnknownConversation
from insights.snapshots import JsonObject

logger = logging.getLogger(__name__)

METADATA_FIELDS = 64
"""Names in the metadata of a conversation that starts of speakers can set."""
METADATA_LENGTH = 128

_TRIES = 5
_DAY = 24 * 60


def open_conversation(opening: Opening, account: LiveSettings | None = None) -> Joined:
    """Join the owner's live conversation with this connection id, or start it, and store the session as connected.

    `account`: the settings of the owner's account, if they were just read; None: they are read now.

    An opening with a `conversation_id` only joins that conversation: raises UnknownConversation if it is not live any more.
    If two processes start the same conversation at once, a unique constraint lets one of them create it and the other one joins.
    Raises ConversationBusy after five failed attempts, and TooManySpeakers at the limit of the account.
    """
    account = account or settings_of(opening.owner_id, all_trackers=False)
    for _ in range(_TRIES):
        try:
            with write_transaction():
                return _join(opening, account, timezone.now())
        except IntegrityError:
            continue
    raise ConversationBusy(f"connection {clean(opening.connection_id, 80)!r} could not be opened; try again")


def _join(opening: Opening, account: LiveSettings, now: datetime) -> Joined:
    conversation = _LIVE.first(opening.owner_id, clean(opening.connection_id, 512))
    if opening.conversation_id is not None and (conversation is None or conversation.pk != opening.conversation_id):
        raise UnknownConversation(f"conversation {opening.conversation_id} is not live")
    created = conversation is None
    if conversation is None:
        conversation = _new_conversation(opening, now)
    _check_speakers(opening, account.max_sessions)
    log = EventLog(conversation, now)
    if created:
        if account.shares_new:
            share_new(conversation)
        log.add(conversation_created(conversation))
        log_after_commit(logger, "conversation %d started: session %s, user %d", conversation.id, opening.session_id, opening.owner_id)
    member, changed = member_of(conversation, opening.speaker, empty=created) if opening.speaker else (None, False)
    speaking = member_snapshot(member)
    if changed and speaking is not None:
        log.add(MemberJoined(speaking))
    _store_session(conversation, member, opening, now)
    if opening.audio_id is not None:
        begin_audio(log, conversation, opening.session_id, opening.audio_id, member, now)
    diarized = begin_diarization(conversation, member, opening.session_id, now) if opening.several_speakers else None
    conversation.closes_at = None
    events = log.store("closes_at", *_add_options(conversation, opening))
    recorded = opening.audio_id is not None or (not created and is_recorded(conversation.id))
    started_at, audio_id = conversation.started_at, opening.audio_id
    return Joined(conversation.id, speaking, created, conversation.last_event, events, started_at, recorded, diarized, audio_id)


def _store_session(conversation: Conversation, member: Member | None, opening: Opening, now: datetime) -> None:
    """Store the session as connected, or renew it if it was stored before, in one statement."""
    session = LiveSession(id=opening.session_id, conversation=conversation, member=member, joined_at=now, keep_s=opening.keep_s)
    session.process_id = opening.process
    renewed = ["conversation", "member", "process", "joined_at", "keep_s"]
    LiveSession.objects.bulk_create([session], update_conflicts=True, unique_fields=["id"], update_fields=renewed)


def _check_speakers(opening: Opening, most: int | None) -> None:
    """Raise TooManySpeakers at the limit that an administrator has set for the account; a session that comes back keeps its place."""
    if most is not None:
        others = LiveSession.objects.filter(conversation__owner_id=opening.owner_id).exclude(pk=opening.session_id)
        if others.count() >= most:
            raise TooManySpeakers(f"at most {most} may speak at once in the conversations of this account")


def _add_options(conversation: Conversation, opening: Opening) -> list[str]:
    """Add what this client asked for to the conversation; return the changed fields."""
    changed = []
    added = {clean(name, METADATA_LENGTH): clean(text, METADATA_LENGTH) for name, text in opening.metadata.items()}
    metadata = {**conversation.metadata, **added}
    if metadata != conversation.metadata:
        conversation.metadata = dict(list(metadata.items())[:METADATA_FIELDS])
        changed.append("metadata")
    if opening.webhook_url and not conversation.webhook_url:
        conversation.webhook_url = clean(opening.webhook_url, 2048)
        changed.append("webhook_url")
    if opening.detect_phrases and not conversation.detect_phrases:
        conversation.detect_phrases = True
        changed.append("detect_phrases")
    return changed + add_trackers(conversation, opening.trackers, all_trackers=opening.all_trackers)


_LIVE = CompiledQuery(
    lambda owner, name: Conversation.objects.select_for_update().filter(owner_id=owner, ended_at=None, connection_id=name)[:1]
)


def _new_conversation(opening: Opening, now: datetime) -> Conversation:
    """Return a new conversation, which `EventLog.store` stores with its first events."""
    identity = new_conversation_id()
    return Conversation(
        id=identity,
        owner_id=opening.owner_id,
        connection_id=clean(opening.connection_id, 512),
        name=clean_name(opening.name, 500) or str(identity),
        language=clean(opening.language, 35),
        timezone_offset=max(-_DAY, min(_DAY, opening.timezone_offset)),
        started_at=now,
        detect_phrases=opening.detect_phrases,
    )


def member_of(conversation: Conversation, speaker: SpeakerIdentity, *, empty: bool = False) -> tuple[Member | None, bool]:
    """Return the speaker's member and whether it is new or changed; None if the speaker has no user id, e-mail address or name.

    `empty`: the conversation is new and has no members yet.
    """
    user_id, name, email = (clean_name(text, LONGEST_NAME) for text in (speaker.user_id, speaker.name, speaker.email))
    members = Member.objects.filter(conversation=conversation).select_related("merged_into")
    if not (user_id or email or name):
        return None, False
    if empty:
        known = None
    elif user_id:
        known = members.filter(user_id=user_id).first()
    elif email:
        known = members.filter(user_id="", email=email).first()
    else:
        known = members.filter(user_id="", email="", name=name).first()
    if known is None:
        person = {"user_id": user_id, "name": name, "email": email, "attributes": speaker.attributes}
        return Member.objects.create(conversation=conversation, **person), True
    if known.merged_into is not None:
        return known.merged_into, False
    return known, _completed(known, name, email, speaker.attributes)


def _completed(member: Member, name: str, email: str, attributes: JsonObject) -> bool:
    """Fill in a name or an e-mail address that the member lacked; replace the attributes if the client sent any.

    Return whether anything changed.
    """
    changed = [field for field, text in (("name", name), ("email", email)) if text and not getattr(member, field)]
    member.name, member.email = member.name or name, member.email or email
    if attributes and attributes != member.attributes:
        member.attributes = attributes
        changed.append("attributes")
    if changed:
        member.save(update_fields=changed)
    return bool(changed)
