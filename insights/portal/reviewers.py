"""Pages for reviewers; to others they do not exist."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.cache import never_cache

from insights import access

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def for_reviewers(view: View[P]) -> View[P]:
    """Return the view for reviewers: sign-in for anonymous readers, 404 for other accounts."""

    @wraps(view)
    def checked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if not access.has_role(request.user, access.REVIEWER):
            raise Http404
        return view(request, *args, **kwargs)

    wrapped: View[P] = never_cache(login_required(checked))
    return wrapped
