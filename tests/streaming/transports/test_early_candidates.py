"""Candidates before their offer: kept for a limited time, in limited number per id, per address and in total, at constant cost."""

import asyncio
import time

import pytest

from streaming.transports.webrtc import early_candidates as early_module
from streaming.transports.webrtc.candidates import Trickled, parse
from streaming.transports.webrtc.early_candidates import MOST, MOST_ANSWERS_OF_ADDRESS, MOST_EACH, MOST_OF_ADDRESS, EarlyCandidates

KEY = (1, "echo", "a")


def host(port: int = 50_000) -> Trickled:
    """Return a candidate."""
    return parse({"candidate": f"candidate:1 1 udp 2122260223 192.0.2.7 {port} typ host", "sdpMid": "0"})


def ports(found: list[Trickled]) -> list[int]:
    """Return the ports of candidates."""
    return [one.candidate.port for one in found if one.candidate is not None]


async def test_a_candidate_is_given_to_its_own_offer_once() -> None:
    """It goes to the same user, stream and id, and wakes a waiting request."""
    early = EarlyCandidates()
    waiting = [early.put(KEY, host(port)) for port in (1, 2)]
    assert early.take((2, "echo", "a")) == []
    assert early.take((1, "tone", "a")) == []
    assert ports(early.take(KEY)) == [1, 2]
    assert all(one.taken.is_set() for one in waiting)
    assert early.take(KEY) == []
    assert len(early) == 0


async def test_a_repeated_candidate_is_kept_once() -> None:
    """Repetitions of a candidate are dropped."""
    early = EarlyCandidates()
    first = early.put(KEY, host())
    assert early.put(KEY, host()) is first
    assert ports(early.take(KEY)) == [50_000]


async def test_an_id_has_few_candidates() -> None:
    """The oldest are dropped; another id of the same address keeps its own."""
    early = EarlyCandidates()
    early.put((1, "echo", "b"), host(), "192.0.2.1")
    for port in range(MOST_EACH + 5):
        early.put(KEY, host(port), "192.0.2.1")
    assert ports(early.take(KEY)) == list(range(5, MOST_EACH + 5))
    assert ports(early.take((1, "echo", "b"))) == [50_000]


async def test_an_address_cannot_evict_candidates_of_others() -> None:
    """Above its limit an address evicts its own oldest candidates."""
    early = EarlyCandidates()
    early.put(KEY, host(), "192.0.2.1")
    for number in range(MOST_OF_ADDRESS + 7):
        early.put((None, "echo", str(number)), host(), "192.0.2.66")
    assert len(early) == MOST_OF_ADDRESS + 1
    assert early.take((None, "echo", "6")) == []
    assert ports(early.take((None, "echo", "7"))) == [50_000]
    assert ports(early.take(KEY)) == [50_000]


async def test_the_total_is_limited() -> None:
    """The total limit holds for any number of addresses."""
    early = EarlyCandidates()
    for number in range(MOST + 7):
        early.put((None, "echo", str(number)), host(), str(number))
    assert len(early) == MOST
    assert early.take((None, "echo", "6")) == []
    assert ports(early.take((None, "echo", "7"))) == [50_000]


async def test_candidates_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of an expired candidate."""
    early = EarlyCandidates()
    early.put(KEY, host())
    monkeypatch.setattr(early_module, "KEEP_S", -1.0)
    assert early.oldest(KEY) is None
    assert early.take(KEY) == []
    assert (early._all, early._of_id, early._of_address) == ({}, {}, {})


async def test_a_forwarded_candidate_is_dropped() -> None:
    """The other candidates stay."""
    early = EarlyCandidates()
    gone, stays = (early.put(KEY, host(port)) for port in (1, 2))
    early.drop(gone)
    early.drop(gone)
    assert early.oldest(KEY) is stays
    assert ports(early.take(KEY)) == [2]


async def test_few_requests_wait_for_an_offer() -> None:
    """Other requests of the address are answered at once; other addresses have their own limit."""
    early = EarlyCandidates()
    waits = [
        asyncio.create_task(early.taken_within(early.put((None, "echo", str(number)), host(), "192.0.2.66"), 600))
        for number in range(MOST_ANSWERS_OF_ADDRESS)
    ]
    await asyncio.sleep(0)
    assert not await early.taken_within(early.put((None, "echo", "more"), host(), "192.0.2.66"), 600)
    other = asyncio.create_task(early.taken_within(early.put(KEY, host(), "192.0.2.1"), 600))
    await asyncio.sleep(0)
    early.take(KEY)
    assert await other
    for number in range(MOST_ANSWERS_OF_ADDRESS):
        early.take((None, "echo", str(number)))
    assert all(await asyncio.gather(*waits))
    assert not early._answers


async def test_each_costs_the_same() -> None:
    """The last thousands at the limits take at most four times the time of the first ones."""
    early = EarlyCandidates()
    costs: list[float] = []
    for block in range(10):
        began = time.thread_time()
        for number in range(1000):
            early.put((None, "echo", f"{block}.{number}"), host(number), str(number % 8))
        costs.append(time.thread_time() - began)
    assert min(costs[-3:]) < 4 * max(costs[:3])
