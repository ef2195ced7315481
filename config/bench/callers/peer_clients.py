"""`python -m config.bench.callers.peer_clients`: all peers of one measurement over WebRTC, in a process of their own."""

import asyncio
import time

from config.bench.callers.peers import Peer, delays
from config.bench.callers.window import Answer, Question, Window, answer, http_client, percentiles
from config.bench.scoring import percentile

_FIRST_S = 0.3
"""So long the peer that opens the way stays."""


async def call(question: Question) -> Answer:
    """So many peers, who call one after the other and then all talk; the first one of all only opens the way and does not count."""
    async with http_client() as http:
        opening = Peer(question["url"])
        await opening.call(http)
        await asyncio.sleep(_FIRST_S)
        await opening.close()
        peers = [Peer(question["url"]) for _ in range(question["peers"])]
        for peer in peers:
            await peer.call(http)
        await asyncio.sleep(question["warm_s"])
        window, since = Window(question["pid"]), time.perf_counter()
        await asyncio.sleep(question["seconds"])
        used, until = window.seen(), time.perf_counter()
        await asyncio.sleep(question["late_s"])
        await asyncio.gather(*(peer.close() for peer in peers))
    counted = [delay for peer in peers for at, delay in delays(peer.beeper.sent, peer.listener.heard) if since <= at < until]
    beeps = sum(since <= at < until for peer in peers for at, _ in peer.beeper.sent)
    return {
        **used,
        **percentiles(counted),
        "first_answer": opening.answer_s,
        "answer": percentile([peer.answer_s for peer in peers], 50),
        "first_sound": percentile([peer.first_s for peer in peers if peer.first_s is not None], 50),
        "lost": 1 - len(counted) / beeps if beeps else None,
        "frames_per_s": min(sum(since <= at < until for at in peer.frames) / used["seconds"] for peer in peers),
        "errors": [],
    }


if __name__ == "__main__":
    answer({"call": call}, asyncio.new_event_loop)
