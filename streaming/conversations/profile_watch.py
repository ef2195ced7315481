"""The voice profiles that live sessions use: decrypted in memory only, read again when they change, dropped soon after they are deleted.

Each event loop checks the profiles of all its sessions with a fixed number of queries every CHECK_S, so it does not matter in which
process a profile was deleted or shared. What is deleted names nobody from then on: the recorder looks for the profile, too.
"""

import logging
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID
from weakref import WeakSet

from django.conf import settings

from insights import managed
from insights.safe_log import error_location
from streaming import speaker_models
from streaming.aio.database_executors import run_in_database
from streaming.cluster.runtime import runtime
from streaming.speech.speakers.profiles import EnrolledVoices, profile_vector
from streaming.speech.speakers.tuning import Tuning
from streaming.speech.speakers.types import SpeakerModels

logger = logging.getLogger(__name__)

CHECK_S = 5.0
"""Seconds between two checks."""


class SessionProfiles:
    """The profiles that one session uses."""

    def __init__(self, account_id: int, models: SpeakerModels) -> None:
        self.account_id, self.models = account_id, models
        self.changes: Mapping[UUID, datetime] = {}
        self.voices = EnrolledVoices({}, models)


def enrolled_voices(account_id: int, models: SpeakerModels) -> EnrolledVoices:
    """Return the voices that the conversations of an account may name. Reads the database."""
    tuning, found = Tuning(), managed.known_voices(account_id, speaker_models.model_name())
    vectors = {str(one.id): profile_vector([(part.values, part.seconds) for part in one.vectors], tuning) for one in found}
    return EnrolledVoices(vectors, models, tuning)


class ProfileWatcher:
    """The sessions of one event loop that use profiles. Sessions are held weakly, so they need not be removed when they end."""

    def __init__(self) -> None:
        self._sessions: WeakSet[SessionProfiles] = WeakSet()

    async def open(self, account_id: int, models: SpeakerModels) -> SessionProfiles:
        """Return the profiles for a session of a conversation of an account; they follow what is stored until the session ends."""
        profiles = SessionProfiles(account_id, models)
        if settings.VOICE_PROFILES:
            self._sessions.add(profiles)
            runtime().poller.add("voice profile check", self._check, CHECK_S)
            try:
                await self._update([profiles])
            except Exception as error:  # the database is unreachable: the next check reads them
                logger.warning("the voice profiles of a session were not read: %s", error_location(error))
        return profiles

    async def _check(self) -> None:
        await self._update(list(self._sessions))

    async def _update(self, sessions: Collection[SessionProfiles]) -> None:
        if not sessions:
            return
        changes = await run_in_database(managed.changes_of_profiles, {one.account_id for one in sessions})
        for one in sessions:
            now = changes[one.account_id]
            if now != one.changes:
                one.voices = one.voices.kept({str(identity) for identity in now})
                one.voices = await run_in_database(enrolled_voices, one.account_id, one.models)
                one.changes = now
