"""`python -m tests.bench.clients.peer_clients`: all WebRTC peers of one measurement, in their own process."""

import asyncio
import math
import time
from collections.abc import Sequence

from tests.bench.clients.measurement_window import PATIENCE_S, Answer, Question, Window, answer, http_client, in_time, percentiles, some
from tests.bench.clients.peers import Peer, delays
from tests.bench.scoring import percentile

_FIRST_S = 0.3
"""Duration of the first call, which only warms up the server."""


async def call(question: Question) -> Answer:
    """Run peers that call one after the other and then all send audio; an extra first call warms up and is not counted.

    The window begins when all peers receive audio, and lasts until each has received a beep of it.
    """
    opening, *peers = [Peer(question["url"]) for _ in range(question["peers"] + 1)]
    async with http_client() as http:
        await opening.call(http)
        await asyncio.sleep(_FIRST_S)
        await opening.close()
        for peer in peers:
            await peer.call(http)
        await in_time(lambda: all(peer.errors or peer.first_s is not None for peer in peers), PATIENCE_S)
        await asyncio.sleep(question["warm_s"])
        window, since = Window(question["pid"]), time.perf_counter()
        await asyncio.sleep(question["seconds"])
        await in_time(lambda: all(peer.errors or _back(peer, since) for peer in peers), PATIENCE_S)
        used, until = window.seen(), time.perf_counter()
        await in_time(lambda: all(len(_back(peer, since, until)) >= _beeps(peer, since, until) for peer in peers), question["late_s"])
        await asyncio.gather(*(peer.close() for peer in peers))
    return {**used, "first_answer": opening.answer_s, **_results(peers, since, until)}


def _beeps(peer: Peer, since: float, until: float) -> int:
    """Return how many beeps a peer sent in the window."""
    return sum(since <= at < until for at, _ in peer.beeper.sent)


def _back(peer: Peer, since: float, until: float = math.inf) -> list[float]:
    """Return the delays of the beeps that came back."""
    return [delay for at, delay in delays(peer.beeper.sent, peer.listener.heard) if since <= at < until]


def _results(peers: Sequence[Peer], since: float, until: float) -> Answer:
    """Return the results of the calls, and of the beeps sent in the window."""
    counted = [delay for peer in peers for delay in _back(peer, since, until)]
    beeps = sum(_beeps(peer, since, until) for peer in peers)
    return {
        **percentiles(counted),
        "answer": percentile([peer.answer_s for peer in peers if peer.answer_s is not None], 50),
        "first_sound": percentile([peer.first_s for peer in peers if peer.first_s is not None], 50),
        "lost": 1 - len(counted) / beeps if beeps else None,
        "frames_per_s": min(sum(since <= at < until for at in peer.frames) / (until - since) for peer in peers),
        "errors": some([peer.errors for peer in peers]),
    }


if __name__ == "__main__":
    answer({"call": call}, asyncio.new_event_loop)
