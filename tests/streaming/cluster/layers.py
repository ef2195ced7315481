"""A channel layer that several event-loop parts share in one test, as several processes share Redis."""

from channels.layers import InMemoryChannelLayer

from streaming.cluster.pubsub import PubSub


def processes(count: int) -> list[PubSub]:
    """Return the layers of so many pretended processes, which can hear each other."""
    shared = InMemoryChannelLayer(capacity=1000)
    made = []
    for _ in range(count):
        one = PubSub()
        one._layer = shared
        made.append(one)
    return made
