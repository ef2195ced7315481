"""Video over WebRTC: latency, loss and frames per second of numbered frames that a handler changes, and their cost."""

from collections.abc import Sequence
from dataclasses import asdict

from tests.bench.report import Goal, Result, Table, number
from tests.bench.rounds import Measured, Say, base, complaints, find, in_turn, method, ours
from tests.bench.scale import Sizes
from tests.bench.targets import BARE, FASTRTC, Target

_MEANT = """Clients send a clip that was encoded before, with a keyframe every second, and read the number in each frame that comes back.
Latency counts from the encoded frame that goes to the client's sender to the frame out of its decoder. The client decodes a frame when its
last packet is there, as browsers do. A frame is lost if it is not back a second after the window."""
GOAL_LATENCY = 0.5


def measure(targets: Sequence[Target], sizes: Sizes, say: Say) -> Result:
    """Run video clients against every server in turn."""
    found = {}
    for peers in sizes.video_peers:
        say(f"video peers: {peers}")
        found[peers] = in_turn(targets, "video_clients", "bench-video", {"mode": "watch", "peers": peers}, sizes)
    return Result(
        "video",
        "Video over WebRTC",
        [_table(found)],
        [f"{method(sizes)} {_MEANT}", *(text for each in found.values() for text in (*complaints(each), *_unlike(each)))],
        {str(peers): [asdict(one) for one in each] for peers, each in found.items()},
        [goal for peers, each in found.items() for goal in _goals(each, peers)],
    )


def _table(found: dict[int, list[Measured]]) -> Table:
    rows = []
    for peers, each in found.items():
        rows += [
            [
                str(peers),
                one.name,
                *(number(one.ms(figure), 0, " ms") for figure in ("first_picture", "p50", "p95")),
                number(None if one["lost"] is None else 100 * one["lost"], 1, " %"),
                *(number(one[figure], 1) for figure in ("frames_per_s", "least_per_s")),
                number(None if one["cores"] is None else 1000 * one["cores"] / peers, 0, " ms"),
                number(one["cpu_ratio"]),
                number(one["others"], 1),
            ]
            for one in each
        ]
    names = {other.name for each in found.values() if (other := base(each))}
    heads = ["peers", "server", "first frame", "latency p50", "p95", "frames lost", "frames per s", "least"]
    return Table(
        "VP8, 640x480 at 30 frames per second; the handler returns the negative (bare: the frame itself)",
        [*heads, "CPU per stream and s", f"CPU, {' '.join(sorted(names))} = 1", "cores used by others"],
        rows,
    )


def _unlike(found: Sequence[Measured]) -> list[str]:
    """Return a sentence for each server that returned frames which cannot be read, or which its handler had not changed."""
    texts = []
    for one in found:
        if one["unread"]:
            texts.append(f"{one.name}: {one['unread']:.0f} frames could not be read.")
        if one["plain"] and one.name != BARE:
            texts.append(f"{one.name}: {one['plain']:.0f} frames came back that the handler had not changed.")
    return texts


def _goals(found: Sequence[Measured], peers: int) -> list[Goal]:
    """Return the goals: with one peer no loss and the latency, with several the frames per second."""
    parley, other = ours(found), base(found)
    if parley is None:
        return []
    judged = find(found, FASTRTC) is not None
    if peers == 1:
        lost, theirs, latency = parley["lost"], other["lost"] if other else None, _ratio(parley, other, "p50")
        return [
            Goal("video, 1 peer: frames lost", "0 %", _percent(lost), _beside(other, _percent(theirs)), lost == 0),
            Goal(
                "video, 1 peer: latency, p50",
                f"<= {GOAL_LATENCY:g} x FastRTC",
                f"{number(latency)} x ({number(parley.ms('p50'), 0, ' ms')})",
                _beside(other, number(other.ms("p50") if other else None, 0, " ms")),
                latency <= GOAL_LATENCY if judged and latency is not None else None,
            ),
        ]
    rate = _ratio(parley, other, "frames_per_s")
    return [
        Goal(
            f"video, {peers} peers: frames per s",
            ">= FastRTC's",
            number(parley["frames_per_s"], 1),
            _beside(other, number(other["frames_per_s"] if other else None, 1)),
            rate >= 1 if judged and rate is not None else None,
        )
    ]


def _ratio(parley: Measured, other: Measured | None, figure: str) -> float | None:
    ours_, theirs = parley[figure], other[figure] if other else None
    return ours_ / theirs if ours_ is not None and theirs else None


def _percent(share: float | None) -> str:
    return number(None if share is None else 100 * share, 1, " %")


def _beside(other: Measured | None, text: str) -> str:
    return f"{other.name} {text}" if other else "-"
