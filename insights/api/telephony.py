"""The Telephony API, which is not implemented: both calls say so."""

from django.http import HttpRequest
from ninja import Router

from insights.api.errors import ApiError, Problem

router = Router(tags=["Telephony"])
NOT_HERE = (
    "The Telephony API is not implemented: this server places no calls. Send the audio of a call to /v1/streaming/{connectionId},"
    " or connect a telephone number to a stream."
)
PROBLEMS: dict[int, type[Problem]] = {401: Problem, 501: Problem}


@router.post("/v1/endpoint:connect", response=PROBLEMS, summary="Not implemented")
def connect_endpoint(request: HttpRequest) -> None:
    """Answer 501: no connection to a telephone or a SIP endpoint is made. The body is not read."""
    raise ApiError(501, NOT_HERE)


@router.post("/v1/event/{connection_id}", response=PROBLEMS, summary="Not implemented")
def push_event(request: HttpRequest, connection_id: str) -> None:
    """Answer 501: there is no telephone connection whose speaker events could be used. The body is not read."""
    raise ApiError(501, NOT_HERE)
