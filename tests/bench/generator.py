"""`python -m tests.bench.generator`: all clients of one measurement, in their own process.

Reads a question (JSON) from standard input and writes the answer to standard output. The answer includes how late its own chunks were
sent: a late generator makes a server look slow.
"""

import asyncio
import json
import re
import sys
import time
from typing import Any

import numpy as np

from tests.bench import speech
from tests.bench.client import ReceivedResults, Speaker, connect, stagger

_AHEAD_S = 1.5
_SETTLE_S = 2.0  # between the last sample and stop_request
_NUMBER = re.compile(r'"sequenceNumber": ?(\d+)')


async def speak(question: dict[str, Any]) -> dict[str, Any]:
    """Run many speakers in real time, each in its own conversation, with audio from the demo, or of `voice` anna or `language` de."""
    language = question.get("language", "en-US")
    recording = speech.german() if language == "de" else speech.anna() if question.get("voice") == "anna" else speech.conversation()
    talks = speech.talks(recording, question["speakers"], question["seconds"])
    speakers = [Speaker(question["url"], question["token"], language=language, several=question.get("several", False)) for _ in talks]
    speed = question["speed"]
    begin = time.perf_counter() + _AHEAD_S / speed + 0.02 * len(talks)
    work = [
        _speak(speaker, talk.sound.tobytes(), begin + stagger(i) / speed, speed)
        for i, (speaker, talk) in enumerate(zip(speakers, talks, strict=True))
    ]
    return _answer(await asyncio.gather(*work, return_exceptions=True))


async def read_aloud(question: dict[str, Any]) -> dict[str, Any]:
    """Send each recording by one speaker, all at the same time, followed by silence."""
    silence, speed = bytes(2 * speech.RATE), question["speed"]
    sounds = [r.sound[: _limit(question)].tobytes() + silence for r in speech.recordings() if r.name in question["names"]]
    begin = time.perf_counter() + _AHEAD_S / speed
    work = [_speak(Speaker(question["url"], question["token"]), sound, begin, speed) for sound in sounds]
    return _answer(await asyncio.gather(*work, return_exceptions=True))


async def come_and_go(question: dict[str, Any]) -> dict[str, Any]:
    """Connect, start and stop repeatedly, with a few concurrent clients."""
    left = iter(range(question["cycles"]))
    failures: list[str] = []

    async def client() -> None:
        for _ in left:
            try:
                await Speaker(question["url"], question["token"]).come_and_go()
            except Exception as error:
                failures.append(type(error).__name__)

    await asyncio.gather(*(client() for _ in range(question["at_once"])))
    return {"failures": failures}


async def listen(question: dict[str, Any]) -> dict[str, Any]:
    """Run one speaker and many subscribers of one conversation; return when each event reached each subscriber (Unix time)."""
    talk = speech.talk(speech.conversation(), 0, question["seconds"])
    speaker = Speaker(question["url"], question["token"])
    got: list[list[tuple[float, str]]] = [[] for _ in range(question["listeners"])]
    address = f"{question['url'].replace('http', 'ws', 1)}/v1/subscribe/{speaker.connection_id}"

    async def listener(texts: list[tuple[float, str]]) -> None:
        async with connect(address, question["token"]) as socket:
            async for text in socket:  # parsed later, so that parsing delays no other client
                texts.append((time.time(), str(text)))

    listening = [asyncio.create_task(listener(texts)) for texts in got]
    speed = question["speed"]
    begin = time.perf_counter() + _AHEAD_S / speed + 0.02 * len(listening)
    heard = await _speak(speaker, talk.sound.tobytes(), begin, speed)
    _, unfinished = await asyncio.wait(listening, timeout=20)
    for task in unfinished:
        task.cancel()
    arrivals = [[(int(n[1]), at) for at, text in texts if (n := _NUMBER.search(text))] for texts in got]
    return _answer([heard]) | {"conversation": speaker.conversation_id, "arrivals": arrivals, "unfinished": len(unfinished)}


async def flood(question: dict[str, Any]) -> dict[str, Any]:
    """Run one client that sends far faster than real time, beside a normal speaker."""
    recording = speech.conversation()
    flooding = speech.talk(recording, 0, question["flood_s"])
    talk = speech.talk(recording, 7, question["seconds"])
    speed = question["speed"]
    begin = time.perf_counter() + _AHEAD_S / speed
    fast = _speak(Speaker(question["url"], question["token"]), flooding.sound.tobytes(), begin, question["flood_speed"])
    calm = _speak(Speaker(question["url"], question["token"]), talk.sound.tobytes(), begin, speed)
    timed = asyncio.create_task(_timed(fast, begin))
    answer = _answer([await calm])
    wall, flooded = await timed
    return answer | {"wall_s": wall, "flood": _answer([flooded])["speakers"][0]}


async def _speak(speaker: Speaker, sound: bytes, begin: float, speed: float) -> ReceivedResults:
    return await speaker.speak(sound, begin, speed=speed, settle_s=_SETTLE_S / speed)


async def _timed(work: Any, begin: float) -> tuple[float, ReceivedResults]:
    heard: ReceivedResults = await work
    return time.perf_counter() - begin, heard


def _limit(question: dict[str, Any]) -> int | None:
    return int(question["most_s"] * speech.RATE) if question.get("most_s") else None


def _answer(results: list[ReceivedResults | BaseException]) -> dict[str, Any]:
    heard = [result if isinstance(result, ReceivedResults) else ReceivedResults(errors=[repr(result)[:200]]) for result in results]
    late = [lateness for one in heard for lateness in one.late]
    return {
        "speakers": [
            {"finals": one.finals, "interims": one.interims, "updates": one.updates, "errors": one.errors, "corrections": one.corrections}
            for one in heard
        ],
        "late_p99": float(np.percentile(late, 99)) if late else 0.0,
    }


_MODES = {"speak": speak, "read_aloud": read_aloud, "come_and_go": come_and_go, "listen": listen, "flood": flood}

if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(asyncio.run(_MODES[asked["mode"]](asked)), sys.stdout)
