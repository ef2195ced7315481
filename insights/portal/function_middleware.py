"""Makes middleware of a function of request and response, for synchronous and asynchronous views, without a thread of its own."""

from collections.abc import Awaitable, Callable
from inspect import iscoroutinefunction

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

GetResponse = Callable[[HttpRequest], HttpResponseBase]
AsyncGetResponse = Callable[[HttpRequest], Awaitable[HttpResponseBase]]
Middleware = Callable[[GetResponse | AsyncGetResponse], GetResponse | AsyncGetResponse]


def response_middleware(change: Callable[[HttpRequest, HttpResponseBase], HttpResponseBase]) -> Middleware:
    """Return middleware that passes every response through `change`, which must not block."""

    def middleware(get_response: GetResponse | AsyncGetResponse) -> GetResponse | AsyncGetResponse:
        if iscoroutinefunction(get_response):
            get_async_response: AsyncGetResponse = get_response

            async def async_answer(request: HttpRequest) -> HttpResponseBase:
                return change(request, await get_async_response(request))

            return async_answer

        def answer(request: HttpRequest) -> HttpResponseBase:
            response = get_response(request)
            if not isinstance(response, HttpResponseBase):
                raise TypeError("an asynchronous view was given to the synchronous chain")
            return change(request, response)

        return answer

    marked: Middleware = sync_and_async_middleware(middleware)
    return marked
