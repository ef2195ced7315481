"""Download a conversation as a file at once; a long one is exported by a job, but for its minutes, which are short."""

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect

from insights import exports, queries
from insights.exports import CONTENT_TYPES, ExportFormat
from insights.portal.signed_in import user_of

DIRECT_MESSAGES = 1000
"""Messages of a conversation up to which a file is made in the request (docs/operate/jobs.md has the measurement)."""


@login_required
def download(request: HttpRequest, conversation_id: int, form: str) -> HttpResponseBase:
    """Return a file of a conversation that the user may see; for a long one, redirect to the page that exports it. 404 for any other.

    `?notes=yes`: with the notes of the user, except in subtitles.
    """
    account = user_of(request).pk
    one = queries.conversation_for(account, conversation_id)
    if one is None or form not in set(ExportFormat):
        raise Http404
    wanted, with_notes = ExportFormat(form), request.GET.get("notes") == "yes"
    if one.message_count > DIRECT_MESSAGES and wanted is not ExportFormat.MINUTES:
        asked = {"conversation": conversation_id, "format": wanted, **({"notes": "yes"} if with_notes else {})}
        return redirect(f"/exports/?{urlencode(asked)}")
    exists = lambda: queries.conversation_for(account, conversation_id) is not None  # noqa: E731
    notes = list(queries.notes_of(one, account)) if with_notes else []
    return exports.answer(
        request, exports.pieces_of(one, wanted, notes=notes), CONTENT_TYPES[wanted], exports.file_name(one, wanted), exists
    )
