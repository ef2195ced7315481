"""The delay of read batching: a client and its reader in virtual time."""

from collections.abc import Sequence

import pytest

from streaming.transports.read_batching import BATCH_S, RIGHT_S, ReadBatching

MESSAGE_S = 0.02
A_LITTLE = 1e-6


class OutputSubscription:
    """Reads messages with these arrival times and lengths; `delays` is the time of each one between arrival and read."""

    def __init__(self, arrivals: Sequence[float], message_s: float = MESSAGE_S) -> None:
        self.read_batching = 0
        self.waits = 0
        self.delays: list[float] = []
        read_batching, now, heard = ReadBatching(), 0.0, 0.0
        for arrival in arrivals:
            if read_batching.is_due(now, heard):
                self.read_batching += 1
                now += BATCH_S
            asked = now
            self.waits += arrival > now
            now = max(now, arrival)
            read_batching.took(asked, now)
            self.delays.append(now - arrival)
            heard += message_s


def real_time(seconds: float, every_s: float = MESSAGE_S, begin: float = 0.01) -> list[float]:
    """Return the arrival times of messages that are sent in real time."""
    return [begin + number * every_s for number in range(round(seconds / every_s))]


def test_a_client_that_sends_in_real_time() -> None:
    """Three messages are read at a time, and none waits longer than a batch and a message."""
    reader = OutputSubscription(real_time(20))
    assert reader.read_batching > 12 * 20
    assert reader.waits < 4 * 20
    assert max(reader.delays) < BATCH_S + MESSAGE_S + A_LITTLE


@pytest.mark.parametrize("pace", [0.98, 0.999, 1.001, 1.02])
def test_a_client_with_a_wrong_clock(pace: float) -> None:
    """The delay of its messages does not grow by more than one message."""
    reader = OutputSubscription(real_time(60, MESSAGE_S / pace))
    assert reader.read_batching > 5 * 60
    assert max(reader.delays) < BATCH_S + 2 * MESSAGE_S + A_LITTLE


def test_a_network_that_stalls() -> None:
    """A burst is read as a burst, and later speech is not delayed."""
    for begin in range(40):
        stall, end = 3 + begin * 0.005, 3.5 + begin * 0.005
        arrivals = [end if stall < arrival < end else arrival for arrival in real_time(10)]
        behind = [delay for arrival, delay in zip(arrivals, OutputSubscription(arrivals).delays, strict=True) if arrival > end]
        assert max(behind) < BATCH_S + 2 * MESSAGE_S + A_LITTLE


def test_long_messages() -> None:
    """Long messages are read at once."""
    reader = OutputSubscription(real_time(20, 0.1), 0.1)
    assert reader.read_batching == 0
    assert max(reader.delays) == 0


def test_a_client_that_sends_faster_than_real_time() -> None:
    """All of its messages are read every second."""
    reader = OutputSubscription(real_time(20, MESSAGE_S / 2))
    assert max(reader.delays) < RIGHT_S + BATCH_S


def test_a_client_that_sends_less_than_real_time() -> None:
    """The messages of a client that omits silence are read at once."""
    arrivals = [arrival for number, arrival in enumerate(real_time(20)) if number % 50 < 10]
    assert max(OutputSubscription(arrivals).delays) < BATCH_S + MESSAGE_S + A_LITTLE
