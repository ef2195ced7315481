"""A voice agent without a language model: the time from the end of the user's turn to the first audio of the answer."""

from streaming.handlers.tts import get_tts_model
from streaming.tts.base import VoiceError
from tests.bench.child_processes import Server, ask_child
from tests.bench.clients.measurement_window import Answer
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.scale import Sizes
from tests.bench.scoring import percentile
from tests.bench.targets import SITE

CLIP = "question"
ENDPOINTING_S = 0.5
"""`AlgoOptions.min_silence_ms`, the pause that ends a turn."""
GOAL_S = 0.15
"""Most time beyond it."""
VOICES = ("espeak-ng", "flite", "piper")
"""Engines that are measured where they are installed."""

_PATIENCE_S = 60.0
"""Most seconds that a client takes, and in addition:"""
_TURN_S = 20.0
"""for each turn."""
_MEANT = """A user says a sentence again and again, in real time, and waits for the answer: recogniser, an answer by rule, an installed
voice. The time counts from the last audible sample that was sent to the first audible sample that came back, without a jitter buffer in
the client. It contains the endpointing delay of 500 ms. The end of the turn is the message pause_detected. Turns are decoded during
the pause at their end. The first turn of a server is a column of its own."""


def measure(sizes: Sizes, say: Say, voices: tuple[str, ...] = VOICES) -> Result:
    """Talk to an agent with each voice over each transport. Raises BenchError."""
    rows, goals, data, errors = [], [], {}, []
    for voice in filter(is_installed, voices):
        for transport in ("websocket", "webrtc"):
            say(f"{voice} over {transport}")
            with Server("uvicorn", DJANGO_SETTINGS_MODULE=SITE, BENCH_VOICE=voice) as server:
                found = talk(server.url, transport, 1 + sizes.agent_turns)
            data[f"{voice}, {transport}"] = found
            errors += [f"{voice} over {transport}: {error}." for error in found["errors"]]
            rows.append(_row(voice, transport, found))
            if voice == rows[0][0]:
                goals.append(_goal(transport, found["delays"][1:]))
    heads = ["voice", "transport", "first turn", "end of turn p50", "first audio p50", "p95", "beyond 500 ms p50", "turns"]
    table = Table("From the last audible sample of the user", heads, rows)
    if not rows:
        errors = [f"No voice is installed: {', '.join(voices)}."]
    return Result("agent", "Voice agent", [table], [_MEANT, *errors], data, goals)


def talk(url: str, transport: str, turns: int) -> Answer:
    """Return the answer of a client that says so many turns to the agent of a server."""
    question = {"mode": "ask", "url": f"{url}/streams/bench-agent", "transport": transport, "clip": CLIP, "turns": turns}
    found: Answer = ask_child("clients.agent_clients", question, timeout_s=_PATIENCE_S + turns * _TURN_S)
    return found


def is_installed(voice: str) -> bool:
    """Return whether this machine has an engine."""
    try:
        get_tts_model(voice)
    except VoiceError:
        return False
    return True


def _row(voice: str, transport: str, found: dict[str, list[float]]) -> list[str]:
    delays, ends = found["delays"], found["turn_ends"][1:]
    p50 = percentile(delays[1:], 50)
    times = (
        delays[0] if delays else None,
        percentile(ends, 50),
        p50,
        percentile(delays[1:], 95),
        None if p50 is None else p50 - ENDPOINTING_S,
    )
    return [voice, transport, *(number(None if value is None else 1000 * value, 0, " ms") for value in times), str(len(delays[1:]))]


def _goal(transport: str, delays: list[float]) -> Goal:
    p50 = percentile(delays, 50)
    beyond = None if p50 is None else p50 - ENDPOINTING_S
    most = f"<= {1000 * GOAL_S:g} ms"
    measured = number(None if beyond is None else 1000 * beyond, 0, " ms")
    name = {"websocket": "WebSocket", "webrtc": "WebRTC"}[transport]
    return Goal(f"voice agent beyond the endpointing delay, {name}, p50", most, measured, "-", None if beyond is None else beyond <= GOAL_S)
