"""All data of an account as the files of an archive: what the account manages, its conversations, and their stored audio."""

import json
from collections.abc import Callable, Iterator

from django.db.models import QuerySet

from insights import queries
from insights.exports.archive import ArchiveFile
from insights.exports.documents import ExportFormat, file_name, pieces_of
from insights.exports.stored_data import note_json
from insights.hidden_speech import MARGIN_S, removed_speech
from insights.models import Conversation, StoredAudio
from insights.stored_audio import AudioFormat, AudioUnreachable, AudioWanted, open_audio

BATCH = 100
"""Conversations that are loaded at a time."""
RECORDING = "Audio that was being recorded is not in the export."
AUDIO_UNREACHABLE = "Some stored audio could not be read and is not in the export."


def entries_of_account(
    user_id: int, conversations: QuerySet[Conversation], seen: Callable[[int], None], warn: Callable[[str], None]
) -> Iterator[ArchiveFile]:
    """Yield the files. `warn` is called with a sentence about what is not in them."""
    account = json.dumps(queries.account_data(user_id), ensure_ascii=False, indent=1)
    yield ArchiveFile("account.json", iter((account.encode(errors="replace"),)))
    notes = [{**note_json(one), "conversationId": str(one.conversation_id)} for one in queries.notes_of_account(user_id)]
    yield ArchiveFile("notes.json", iter((json.dumps({"notes": notes}, ensure_ascii=False, indent=1).encode(errors="replace"),)))
    for batch in queries.in_batches(conversations, "id", size=BATCH):
        for one in batch:
            yield ArchiveFile(f"conversations/{file_name(one, ExportFormat.JSON, unique=True)}", pieces_of(one, ExportFormat.JSON, seen))
            yield ArchiveFile(f"conversations/{file_name(one, ExportFormat.TEXT, unique=True)}", pieces_of(one, ExportFormat.TEXT))
            yield from _audio(one, warn)


def _audio(conversation: Conversation, warn: Callable[[str], None]) -> Iterator[ArchiveFile]:
    """Yield the stored audio of each session: the file as it is, or without what was deleted in it, if that is not erased yet."""
    sessions = list(queries.audio_of(conversation))
    removed = [(start - MARGIN_S, end + MARGIN_S) for start, end in removed_speech(conversation)] if sessions else []
    for session in sessions:
        if session.state == StoredAudio.State.RECORDING:
            warn(RECORDING)
            continue
        form = AudioFormat.WAV if removed else AudioFormat.OGG
        try:
            content = open_audio(AudioWanted(conversation, [session], form, hidden=removed))
        except AudioUnreachable:
            warn(AUDIO_UNREACHABLE)
            continue
        yield ArchiveFile(f"audio/{conversation.pk}/{session.pk}.{form}", content.pieces(0, content.size), compress=form is AudioFormat.WAV)
