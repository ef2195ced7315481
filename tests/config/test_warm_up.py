"""Work of the first request that the server does when it starts."""

from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver

from config.warm_up import OFFER, warm_up
from streaming.transports.webrtc.connection import read_offer


def routes(resolver: URLResolver) -> Iterator[URLPattern | URLResolver]:
    """Return all routes below a resolver."""
    for route in resolver.url_patterns:
        yield route
        if isinstance(route, URLResolver):
            yield from routes(route)


def test_all_patterns_are_compiled() -> None:
    """The first request of a path compiles none."""
    resolver = get_resolver()
    for route in routes(resolver):
        vars(route.pattern).pop("regex", None)
    warm_up()
    assert [str(route.pattern) for route in routes(resolver) if "regex" not in vars(route.pattern)] == []


def test_the_offer_is_one() -> None:
    """Reading it takes the way of an offer of audio with a candidate."""
    offer = read_offer(OFFER)
    assert (offer.receives, offer.sends, offer.bundled, offer.candidates) == ({"audio"}, {"audio"}, True, 1)
