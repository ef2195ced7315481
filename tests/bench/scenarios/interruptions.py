"""What a user says during the replies of a voice agent: how soon the reply is silent, and whether it ends or continues."""

from collections.abc import Sequence
from typing import Any

from tests.bench.child_processes import Server, ask_child
from tests.bench.clients.measurement_window import Answer
from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Say
from tests.bench.scale import Sizes
from tests.bench.scenarios.agent import is_installed
from tests.bench.scoring import percentile
from tests.bench.site.agent import REPLY_S
from tests.bench.targets import SITE

VOICE = "flite"
"""The voice of the agent, and the voices of the users."""
KINDS: dict[str, Sequence[str]] = {
    "interruption": ("No.", "Stop.", "Stop, please.", "Hold on.", "Wait a moment.", "What about Tuesday?", "That is wrong."),
    "backchannel": ("Yes.", "Okay.", "Right.", "I see.", "Mhm.", "Uh huh.", "Yeah.", "Of course.", "Good.", "Sure."),
}
VOICES = ("slt", "rms", "awb", "kal16")
SILENT_S = 0.2
"""Longest time from the start of the user's speech to the silence of the reply."""

_PATIENCE_S = 1200.0
_MEANT = """A user speaks during a long reply of an installed voice, over each transport, with the embedded recogniser. The silence counts
from the first audible sample that was sent to the last audible sample of the reply that the client played; it has no jitter buffer.
"Pauses": the client pauses its playback when the server says so, as the JavaScript client does. The decision counts from the last audible
sample of the user to the message that the reply continues or that the next one is due. Noises: a breath, a knock, a rustle and a hum.
"Heard again": replies that were ended, and of which something was heard after their silence."""


def measure(sizes: Sizes, say: Say, transports: Sequence[str] = ("websocket", "websocket, pauses", "webrtc")) -> Result:
    """Speak during the replies of an agent over each transport. Raises BenchError."""
    if not is_installed(VOICE):
        return Result("interruptions", "Interruptions", [], [f"{VOICE} is not installed."])
    rows: list[list[str]] = []
    goals: list[Goal] = []
    data: dict[str, Any] = {}
    errors: list[str] = []
    for transport in transports:
        say(f"interruptions over {transport}")
        with Server("uvicorn", DJANGO_SETTINGS_MODULE=SITE, BENCH_VOICE=VOICE) as server:
            found = talk(server.url, transport, sizes.interruptions)
        data[transport] = found["trials"]
        errors += [f"{transport}: {error}." for error in found["errors"]]
        rows += [_row(transport, kind, _of(found["trials"], kind)) for kind in (*KINDS, "noise")]
        goals += _goals(transport, found["trials"])
        errors += _exceptions(transport, found["trials"])
    heads = ["transport", "said", "number", "silent after p50", "p95", "most", "decision p50", "p95", "ended", "continued", "heard again"]
    return Result("interruptions", "Interruptions", [Table("During the reply of an agent", heads, rows)], [_MEANT, *errors], data, goals)


def talk(url: str, transport: str, count: int, *, noises: bool = True) -> Answer:
    """Return the answer of a user who says so many things of each kind during replies of the agent of a server."""
    question = {"mode": "ask", "url": f"{url}/streams/bench-long", "transport": transport, "count": count, "noises": noises}
    limits = {"kinds": KINDS, "voices": VOICES, "reply_s": REPLY_S}
    found: Answer = ask_child("clients.interrupting_clients", {**question, **limits}, timeout_s=_PATIENCE_S)
    return found


def _of(trials: Sequence[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [one for one in trials if one["kind"] == kind]


def _row(transport: str, kind: str, trials: Sequence[dict[str, Any]]) -> list[str]:
    silences = [one["silent_s"] for one in trials if one["silent_s"] is not None]
    decisions = [one["decision_s"] for one in trials if one["decision_s"] is not None]
    times = (percentile(silences, 50), percentile(silences, 95), max(silences, default=None))
    later = (percentile(decisions, 50), percentile(decisions, 95))
    counts = [sum(one["outcome"] == outcome for one in trials) for outcome in ("ended", "continued")]
    again = sum(one["heard_again"] for one in trials)
    return [transport, kind, str(len(trials)), *map(_ms, (*times, *later)), *map(str, counts), str(again)]


def _goals(transport: str, trials: Sequence[dict[str, Any]]) -> list[Goal]:
    name = {"websocket": "WebSocket", "websocket, pauses": "WebSocket that pauses", "webrtc": "WebRTC"}[transport]
    interruptions, backchannels = _of(trials, "interruption"), _of(trials, "backchannel")
    p95 = percentile([one["silent_s"] for one in interruptions if one["silent_s"] is not None], 95)
    goals = [
        Goal(
            f"reply silent after the start of an interruption, {name}, p95",
            f"<= {1000 * SILENT_S:g} ms",
            _ms(p95),
            reached=None if p95 is None else p95 <= SILENT_S,
        )
    ]
    for trials_of, what, wanted in (
        (interruptions, "replies ended by an interruption", "ended"),
        (backchannels, "replies continued after a backchannel", "continued"),
    ):
        right = sum(one["outcome"] == wanted for one in trials_of)
        goals.append(Goal(f"{what}, {name}", "all", f"{right} of {len(trials_of)}", reached=right == len(trials_of)))
    return goals


def _exceptions(transport: str, trials: Sequence[dict[str, Any]]) -> list[str]:
    """Name what was taken for something else than it is."""
    wanted = {"interruption": ["ended"], "backchannel": ["continued"], "noise": ["continued", "not paused"]}
    wrong = [f"{one['text']}: {one['outcome']}" for one in trials if one["outcome"] not in wanted[one["kind"]]]
    return [f"Decided otherwise, {transport}: {'; '.join(wrong)}."] if wrong else []


def _ms(seconds: float | None) -> str:
    return number(None if seconds is None else 1000 * seconds, 0, " ms")
