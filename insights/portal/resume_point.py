"""The resume point of a speaker: how far its audio was recognised. The live page asks for it after a lost connection.

Before somebody joins, the page asks whether a conversation is live at its address: one's own, or one that was shared.

The page keeps the audio that it sent last. With this answer it sends the audio again that the server did not process, and none that is
already stored.
"""

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from insights import access, queries
from insights.access.request_grants import grant_of_request
from insights.portal.live import possible, shown_at, title_of


@never_cache
@require_GET
def resume_point(request: HttpRequest, connection_id: str) -> HttpResponse:
    """Return the resume point of the member `?speaker=` (a user id) in the user's own live conversation. Times are ISO 8601.

    With `?conversation=` or `?guest=` it is that of the person themselves in the conversation of another (`insights.access.entries`).

    `now`: the server's clock; `live`: whether the conversation is live; `until`: end of the member's last stored message, or null;
    `seen`: seconds since the last heartbeat of the process that has this member's session, or null without one; `conversation`: id, title
    and start of the live conversation, or null; `shared`: title and owner of a live conversation of somebody else that the page of this
    address would show instead, or null.
    """
    if not possible(connection_id):
        raise Http404
    now = timezone.now()
    speaker = request.GET.get("speaker", "").replace("\x00", "")
    shared = None
    if "guest" in request.GET or "conversation" in request.GET:
        entry = access.enter(grant_of_request(request), request.GET.dict(), speaking=True)
        conversation = entry.conversation if entry is not None and entry.conversation.ended_at is None else None
        speaker = entry.person.user_id if entry is not None else ""
    elif request.user.is_authenticated:
        conversation = queries.live_conversation(int(request.user.pk or 0), connection_id)
        shared = shown_at(request, connection_id)[1] if conversation is None else None
    else:
        return redirect_to_login(request.get_full_path())
    if conversation is None:
        other = {"title": title_of(shared), "owner": access.person_of(shared.owner).name} if shared is not None else None
        return JsonResponse({"now": now.isoformat(), "live": False, "until": None, "seen": None, "conversation": None, "shared": other})
    until, seen = queries.recognised_until(conversation, speaker), queries.last_seen(conversation, speaker)
    return JsonResponse(
        {
            "now": now.isoformat(),
            "live": True,
            "until": until.isoformat() if until else None,
            "seen": max(0.0, (now - seen).total_seconds()) if seen else None,
            "conversation": {
                "id": str(conversation.pk),
                "title": title_of(conversation),
                "startedAt": conversation.started_at.isoformat(),
            },
            "shared": None,
        }
    )
