"""`python -m tests.bench.profiled_server daphne|uvicorn`: `manage.py serve --no-worker`, or docs/operate/deploy.md, on HOST and PORT.

The server has no worker, so that its resource usage is that of one process. A scenario that needs a worker starts one.

Prints its address, on SIGUSR1 the number of tasks of its event loop, and on SIGUSR2 the CPU seconds of its threads (`thread_cpu.py`).
"""

import asyncio
import json
import os
import signal
import socket
import sys


def _say(*_: object) -> None:
    sys.stdout.write(f"tasks {len(asyncio.all_tasks(asyncio.get_running_loop()))}\n")
    sys.stdout.flush()


def _say_cpu(*_: object) -> None:
    from tests.bench import thread_cpu

    sys.stdout.write(f"threads {json.dumps(thread_cpu.cpu_s())}\n")
    sys.stdout.flush()


def _daphne() -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["manage.py", "serve", "--no-worker"])


def _uvicorn() -> None:
    """Serve on a socket created here, so that PORT=0 gets a port that no other process can take."""
    import uvicorn

    listening = socket.create_server((os.environ["HOST"], int(os.environ["PORT"])), backlog=2048)
    sys.stdout.write(f"Parley listens at http://{os.environ['HOST']}:{listening.getsockname()[1]}\n")
    sys.stdout.flush()
    options = uvicorn.Config(
        "config.asgi:application",
        loop="uvloop",
        proxy_headers=False,
        ws_per_message_deflate=False,
        ws_max_size=2_097_152,
        timeout_graceful_shutdown=10,
        log_level="warning",
    )
    uvicorn.Server(options).run(sockets=[listening])


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGUSR1, _say)
    signal.signal(signal.SIGUSR2, _say_cpu)
    {"daphne": _daphne, "uvicorn": _uvicorn}[sys.argv[1]]()
