"""Clients that connect and disconnect: memory, tasks, threads and open files that a server retains."""

from collections.abc import Callable, Sequence

from tests.bench.child_processes import Server, ask_child
from tests.bench.report import Result, Table, megabytes, number
from tests.bench.resource_usage import Usage
from tests.bench.scale import Sizes
from tests.bench.scoring import slope


def measure(server: Server, sizes: Sizes, say: Callable[[str], None]) -> Result:
    """Run clients that connect, start, stop and disconnect, and sample the server's usage."""
    failures = _cycle(server, sizes, sizes.warm_cycles)
    looks = [(0, server.usage(), server.tasks())]
    for step in range(1, sizes.looks + 1):
        say(f"{step * sizes.cycles // sizes.looks} of {sizes.cycles} cycles")
        failures += _cycle(server, sizes, sizes.cycles // sizes.looks)
        looks.append((step * sizes.cycles // sizes.looks, server.usage(), server.tasks()))
    rows = [[str(done), megabytes(use.resident), str(tasks), str(use.threads), str(use.files)] for done, use, tasks in looks]
    table = Table(f"After {sizes.warm_cycles} cycles to warm up", ["cycles", "resident", "tasks", "threads", "open files"], rows)
    data = {
        "memory_mb_per_1000": _growth(looks),
        "memory_mb_per_1000_second_half": _growth(looks[len(looks) // 2 :]),
        "tasks_per_1000": 1000 * slope([(done, float(tasks)) for done, _, tasks in looks]),
        "cpu_ms_per_cycle": 1000 * (looks[-1][1].cpu_s - looks[0][1].cpu_s) / sizes.cycles,
    }
    verdicts = [
        f"Growth for each 1,000 cycles: {number(data['memory_mb_per_1000'], 1)} MB "
        f"({number(data['memory_mb_per_1000_second_half'], 1)} MB in the second half), {number(data['tasks_per_1000'], 1)} tasks. "
        f"A cycle costs {number(data['cpu_ms_per_cycle'], 1)} ms of CPU."
    ]
    if failures:
        verdicts.append(f"{len(failures)} cycles failed: {', '.join(sorted(set(failures)))}")
    everything = {**data, "failures": failures}
    return Result("sockets", "Connecting, starting, stopping", [table], verdicts, everything)


def _growth(looks: Sequence[tuple[int, Usage, int]]) -> float:
    """Return the memory growth per thousand cycles in MB."""
    return 1000 * slope([(done, use.resident / 2**20) for done, use, _ in looks])


def _cycle(server: Server, sizes: Sizes, cycles: int) -> list[str]:
    question = {"mode": "come_and_go", **server.access, "cycles": cycles, "at_once": sizes.cycles_at_once}
    failures: list[str] = ask_child("generator", question, timeout_s=600)["failures"]
    return failures
