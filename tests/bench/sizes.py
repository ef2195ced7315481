"""How much is measured: the defaults are for a machine of two cores, the tests take `TINY`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Seconds are seconds of speech sent in real time unless said otherwise."""

    speakers: tuple[int, ...] = (1, 8, 16, 32, 64)
    most_speakers: int = 256
    """The row goes on above the last of `speakers` until finals take longer than a second, or to this many."""
    seconds: float = 20.0
    warm_s: float = 5.0
    """Of speech that a fresh server hears before it is measured."""
    speed: float = 1.0
    """1 is real time, and the only speed at which times mean anything; the tests are in a hurry."""
    threads: int = 2
    """Worker threads of the recogniser, in the server and alone."""
    read_s: float | None = None
    """Of each recording for the word error rate; None: all of it."""
    read_names: tuple[str, ...] = ()
    """Which recordings; empty: all."""
    cycles: int = 2000
    warm_cycles: int = 300
    cycles_at_once: int = 4
    looks: int = 4
    """How often the server is looked at on the way."""
    listeners: int = 200
    flood_s: tuple[float, ...] = (120.0, 480.0)
    flood_speed: float = 50.0
    rounds: int = 5
    """How often each server with streams is visited for an echo."""
    stream_s: float = 5.0
    stream_warm_s: float = 2.0
    """Of the same sound before the window that counts."""
    stream_late_s: float = 1.0
    """How long what was sent may take to come back after the window; the wait ends as soon as all of it is back."""
    sockets: int = 100
    idle_s: float = 20.0
    """Of silence; so long, since the kernel counts CPU in hundredths of a second."""
    idle_sessions: tuple[int, ...] = (1, 16)
    blocking: int = 200
    subscribers: int = 8
    peers: tuple[int, ...] = (1, 16)
    visits: int = 1000
    """Sessions that come and go, over each transport."""
    warm_visits: int = 200
    visitors: int = 4
    settle_s: float = 6.0
    """After the last visit: outputs of an ended session can be read for 5 s."""


QUICK = Sizes(
    speakers=(1, 8),
    most_speakers=8,
    seconds=10.0,
    cycles=400,
    warm_cycles=100,
    listeners=50,
    flood_s=(30.0, 120.0),
    rounds=1,
    stream_s=4.0,
    stream_warm_s=1.0,
    idle_s=5.0,
    idle_sessions=(1,),
    peers=(16,),
    visits=200,
    warm_visits=50,
)
"""For a look: figures of single short windows."""

TINY = Sizes(
    speakers=(1,),
    most_speakers=1,
    seconds=5.0,
    warm_s=0.0,
    speed=5.0,
    read_s=4.5,
    read_names=("demo, Anna",),
    cycles=4,
    warm_cycles=2,
    cycles_at_once=2,
    looks=1,
    listeners=3,
    flood_s=(10.0,),
    rounds=1,
    stream_s=0.6,
    stream_warm_s=0.1,
    stream_late_s=20.0,
    sockets=3,
    idle_s=0.5,
    idle_sessions=(1,),
    blocking=3,
    subscribers=2,
    peers=(1,),
    visits=4,
    warm_visits=2,
    visitors=2,
    settle_s=0.5,
)
