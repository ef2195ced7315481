"""One conversation with many subscribers: the delay from an event's commit to its arrival."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Result, Table, number
from tests.bench.scale import Sizes
from tests.bench.scoring import percentile


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Run one speaker and many subscribers; compare arrivals with the time at which each event was stored."""
    say(f"{sizes.listeners} listeners")
    before = server.usage().cpu_s
    question = {"mode": "listen", **server.access, "listeners": sizes.listeners, "seconds": sizes.seconds, "speed": sizes.speed}
    answer = ask_child("generator", question, timeout_s=sizes.seconds + 200)
    cpu = server.usage().cpu_s - before
    events = server.ask(f"/v1/conversations/{answer['conversation']}/events")["events"]
    stored = {event["number"]: datetime.fromisoformat(event["at"]).timestamp() for event in events}
    heard = {event["number"] for event in events if event["kind"] == "messages"}
    delays = [at - stored[n] for arrivals in answer["arrivals"] for n, at in arrivals if n in heard]
    complete = sum({n for n, _ in arrivals} >= heard for arrivals in answer["arrivals"])
    row = [
        str(sizes.listeners),
        str(len(heard)),
        f"{complete} of {sizes.listeners}",
        *(number(_ms(percentile(delays, p)), 0, " ms") for p in (50, 95, 100)),
        number(cpu, 2, " s"),
    ]
    heads = ["listeners", "messages events", "got all", "p50", "p95", "max", "server CPU"]
    data: dict[str, Any] = {"delays_p95": percentile(delays, 95), "complete": complete, "unfinished": answer["unfinished"]}
    table = Table("From the moment an event is numbered (its transaction is about to commit) to its arrival", heads, [row])
    return Result("listeners", "One conversation, many listeners", [table], (), data)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1000 * seconds
