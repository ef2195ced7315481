"""Conversations as files: documents of one conversation, archives of several, and where finished files are kept.

The jobs that make files are in `insights/jobs` (`export.py`), the pages in `insights/portal`.
"""

from insights.exports.documents import CONTENT_TYPES, ExportFormat, as_minutes, as_text, file_name, pieces_of
from insights.exports.response import answer
from insights.exports.stored_data import as_json
from insights.exports.titles import UNKNOWN, local, shown_assignee, shown_name, shown_person, shown_speaker

__all__ = [
    "CONTENT_TYPES",
    "ExportFormat",
    "UNKNOWN",
    "answer",
    "as_json",
    "as_minutes",
    "as_text",
    "file_name",
    "local",
    "pieces_of",
    "shown_assignee",
    "shown_name",
    "shown_person",
    "shown_speaker",
]
