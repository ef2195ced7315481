"""Pipelined HTTP: many sockets that send all their GETs at once, and what others' requests take meanwhile.

    python -m tests.attacks.pipelined_http --server uvicorn --path /signin/

Prints, for `/healthz` and for an authenticated API call of another client on the same address, the number of answers and the p50 and
maximum of their times (s) before and during the flood; how many of the flood's requests were answered; and tracebacks in the server's log.
"""

import argparse
import asyncio
import multiprocessing
import statistics
import tempfile
import threading
import time
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from tests.servers import Server, migrated

PROBE_TIMEOUT_S = 15.0
PROBE_PAUSE_S = 0.05
CALM_S = 2.0


async def _flood_one(port: int, request: bytes, count: int) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    try:
        writer.write(request * count)
        while answered < count:
            head = await reader.readuntil(b"\r\n\r\n")
            answered += 1
            lines = head.lower().split(b"\r\n")
            length = next((int(line.split(b":")[1]) for line in lines if line.startswith(b"content-length:")), None)
            if length is not None:
                await reader.readexactly(length)
            else:
                while size := int((await reader.readuntil(b"\r\n")).strip(), 16):
                    await reader.readexactly(size + 2)
                await reader.readexactly(2)
    except (asyncio.IncompleteReadError, OSError):
        pass
    except asyncio.CancelledError:
        writer.transport.abort()  # as a client that is killed
    return answered


async def _flood_all(port: int, path: str, sockets: int, count: int, seconds: float) -> tuple[int, float]:
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    began = time.monotonic()
    tasks = [asyncio.create_task(_flood_one(port, request, count)) for _ in range(sockets)]
    await asyncio.wait(tasks, timeout=seconds)
    took = time.monotonic() - began
    for task in tasks:
        task.cancel()
    return sum(await asyncio.gather(*tasks)), took


def _flood(port: int, path: str, sockets: int, count: int, seconds: float, results: "multiprocessing.Queue[tuple[int, float]]") -> None:
    results.put(asyncio.run(_flood_all(port, path, sockets, count, seconds)))


def _time_of(url: str, token: str) -> float:
    """Return the seconds until the response, or PROBE_TIMEOUT_S without one."""
    request = Request(url, headers={"x-api-key": token} if token else {})
    began = time.monotonic()
    try:
        with urlopen(request, timeout=PROBE_TIMEOUT_S) as response:
            response.read()
    except HTTPError as error:
        print(f"{url} answered {error.code}")
        error.close()
    except (URLError, TimeoutError, ConnectionError):
        return PROBE_TIMEOUT_S
    return time.monotonic() - began


def _probe(url: str, token: str, stop: threading.Event, times: list[float]) -> None:
    while not stop.is_set():
        times.append(_time_of(url, token))
        stop.wait(PROBE_PAUSE_S)


def _probed(server: Server, token: str, stop: threading.Event) -> tuple[list[threading.Thread], dict[str, list[float]]]:
    times: dict[str, list[float]] = {"/healthz": [], "/v1/conversations": []}
    threads = [
        threading.Thread(target=_probe, args=(server.url + path, "" if path == "/healthz" else token, stop, list_of))
        for path, list_of in times.items()
    ]
    for thread in threads:
        thread.start()
    return threads, times


def _report(title: str, times: dict[str, list[float]]) -> None:
    for path, measured in times.items():
        print(f"{title:8} {path:18} n={len(measured):4} p50={statistics.median(measured):7.3f} s max={max(measured):7.3f} s")


def measure(server: Server, path: str, sockets: int, count: int, seconds: float) -> dict[str, list[float]]:
    """Flood a running server, print the figures, and return the times (s) of the probes during the flood, by path."""
    token = server.token()
    for title in ("calm", "flood"):
        stop = threading.Event()
        threads, times = _probed(server, token, stop)
        if title == "calm":
            time.sleep(CALM_S)
            answered, took = 0, 0.0
        else:
            results: multiprocessing.Queue[tuple[int, float]] = multiprocessing.Queue()
            flood = multiprocessing.Process(target=_flood, args=(server.port, path, sockets, count, seconds, results))
            flood.start()
            answered, took = results.get()
            flood.join()
        stop.set()
        for thread in threads:
            thread.join()
        _report(title, times)
    print(f"flood    {path}: {answered} of {sockets * count} requests answered in {took:.1f} s")
    return times


def main() -> None:
    """Run the attack on a server of its own."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    parser.add_argument("--path", action="append", help="path that is flooded; may be given again")
    parser.add_argument("--sockets", type=int, default=50)
    parser.add_argument("--requests", type=int, default=200, help="requests for each socket")
    parser.add_argument("--seconds", type=float, default=8.0, help="the flood's sockets are aborted after so long")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = Server(migrated(Path(folder)), {"RECOGNISER": "scripted"}, options.server).start()
        try:
            for path in options.path or ["/api/openapi.json", "/signin/", "/healthz", "/v1/conversations"]:
                measure(server, path, options.sockets, options.requests, options.seconds)
            time.sleep(1.0)
            print(f"tracebacks in the log: {sum('Traceback' in line for line in server.output)}")
        finally:
            server.kill()


if __name__ == "__main__":
    main()
