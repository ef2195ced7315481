"""The people of a pick list: as JSON, fetched when a dialog opens that gives a task or words to somebody."""

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from insights import queries
from insights.exports.titles import shown_person
from insights.portal.conversation import seen_conversation
from insights.portal.signed_in import user_of


@require_GET
@login_required
@never_cache
def pick_list(request: HttpRequest, conversation_id: int) -> JsonResponse:
    """Return {"people": [{id, name, email, assigned}, …]}; `id` only of members.

    404 for a conversation that the user may not see, 403 for one that they may only read: others' addresses are for those who use them.
    """
    one = seen_conversation(request, conversation_id)
    user_id = user_of(request).pk
    if not queries.editable_among(user_id, [one]):
        raise PermissionDenied
    people = [
        {
            "id": str(found.member_id or ""),
            "name": shown_person(found.name),
            "email": found.email,
            "assigned": shown_person(found.assigned),
        }
        for found in queries.candidates_of(one, user_id)
    ]
    return JsonResponse({"people": people})
