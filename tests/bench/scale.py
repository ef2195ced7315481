"""Scale of the benchmark. The defaults are for a machine with two cores; the tests use `TINY`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """Seconds are seconds of real-time speech unless stated otherwise."""

    speakers: tuple[int, ...] = (1, 8, 16, 32, 64)
    most_speakers: int = 256
    """The number of speakers grows beyond `speakers` up to this, until final results take longer than a second."""
    seconds: float = 20.0
    warm_s: float = 5.0
    """Speech that a fresh server gets before it is measured."""
    speed: float = 1.0
    """1 is real time, and the only speed with meaningful times; only the tests use a higher one."""
    threads: int = 2
    """Worker threads of the recogniser, in the server and alone."""
    interim_speakers: tuple[int, ...] = (1, 4, 8)
    interim_s: float = 80.0
    """Seconds of speech from each of them: all of Anna's turns."""
    fast_speed: float = 8.0
    """The second speed at which recordings are sent for the word error rate."""
    read_s: float | None = None
    """Seconds of each recording for the word error rate; None: all."""
    read_names: tuple[str, ...] = ()
    """Names of the recordings; empty: all."""
    import_s: float = 600.0
    """Seconds of the imported recording."""
    import_speakers: int = 4
    """Number of live speakers beside an import."""
    cycles: int = 2000
    warm_cycles: int = 300
    cycles_at_once: int = 4
    looks: int = 4
    """Number of intermediate samples of the server's usage."""
    listeners: int = 200
    flood_s: tuple[float, ...] = (120.0, 480.0)
    flood_speed: float = 50.0
    rounds: int = 5
    """Number of rounds of the echo measurement per server."""
    stream_s: float = 5.0
    stream_warm_s: float = 2.0
    """Audio before the measurement window."""
    stream_late_s: float = 1.0
    """Maximum wait for the echo after the window; the wait ends when everything has come back."""
    sockets: int = 100
    idle_s: float = 20.0
    """Duration of silence; long, because the kernel counts CPU in hundredths of a second."""
    idle_sessions: tuple[int, ...] = (1, 16)
    blocking: int = 200
    subscribers: int = 8
    agent_turns: int = 20
    """Turns of the user of a voice agent, after the first one."""
    interruptions: int = 20
    """Interruptions, and backchannels, during the replies of a voice agent."""
    peers: tuple[int, ...] = (1, 16)
    video_peers: tuple[int, ...] = (1, 8)
    stored_messages: int = 10_000
    searched_messages: int = 100_000
    """Messages of the account that is searched, in several conversations."""
    """Messages of the conversation that is read."""
    reading_rounds: int = 11
    visits: int = 1000
    """Number of sessions per transport."""
    warm_visits: int = 200
    visitors: int = 4
    settle_s: float = 6.0
    """Wait after the last visit: outputs of an ended session can be read for 5 s."""


QUICK = Sizes(
    speakers=(1, 8),
    most_speakers=8,
    seconds=10.0,
    interim_speakers=(1, 8),
    interim_s=40.0,
    import_s=120.0,
    cycles=400,
    warm_cycles=100,
    listeners=50,
    flood_s=(30.0, 120.0),
    rounds=1,
    stream_s=4.0,
    stream_warm_s=1.0,
    idle_s=5.0,
    idle_sessions=(1,),
    agent_turns=8,
    interruptions=8,
    peers=(16,),
    visits=200,
    warm_visits=50,
    reading_rounds=3,
    searched_messages=20_000,
)
"""Figures of single short windows, for a first look."""

TINY = Sizes(
    speakers=(1,),
    most_speakers=1,
    seconds=5.0,
    warm_s=0.0,
    speed=5.0,
    interim_speakers=(1,),
    interim_s=5.0,
    read_s=4.5,
    read_names=("demo, Anna",),
    import_s=5.0,
    import_speakers=1,
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
    agent_turns=1,
    interruptions=1,
    peers=(1,),
    video_peers=(1,),
    visits=4,
    warm_visits=2,
    visitors=2,
    settle_s=0.5,
    stored_messages=300,
    searched_messages=400,
    reading_rounds=1,
)
