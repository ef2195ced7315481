"""The command `parley`: `run` a program with streams, `serve` Parley, `manage` it."""

import argparse
import os
import runpy
import sys
from collections.abc import Sequence

from parley import lib_path


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command named on the command line; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["manage"]:  # its options are those of Django's commands
        return _manage(words[1:])
    if words == ["--version"]:
        return _manage(["version"])
    options, rest = _parser().parse_known_args(words)
    if options.command == "run":
        return _run(options, [word for word in rest if word != "--"])
    if rest:
        _parser().error(f"unrecognized arguments: {' '.join(rest)}")
    return _manage(["version"]) if options.command == "version" else _serve(options)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="parley", description="Live conversations and real-time streams.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run a program with streams, such as one written for FastRTC")
    run.add_argument("target", metavar="app.py|package.module", help="the program; further arguments are given to it")
    run.add_argument("--public", action="store_true", help="whoever reaches the server may use the program's streams without an account")
    run.add_argument("--reload", action="store_true", help="accepted, without effect")
    serve = commands.add_parser("serve", help="migrate the database and serve Parley, as `make run` does")
    for command in (run, serve):
        command.add_argument("--no-worker", action="store_true", help="start no worker: jobs wait for `parley manage worker`")
        command.add_argument("--host", help="address to bind to (default: HOST, else 127.0.0.1)")
        command.add_argument("--port", help="port to bind to; 0: the system chooses (default: PORT, else 8000)")
    commands.add_parser("manage", help="a management command: `parley manage help` lists them", add_help=False)
    commands.add_parser("version", help="the version of Parley and of what it runs on")
    return parser


def _run(options: argparse.Namespace, rest: list[str]) -> int:
    """Run a program until its server ends."""
    lib_path.add()
    _bind(options)
    from config.program import run

    return run.run(options.target, rest, public=options.public, reload=options.reload, worker=not options.no_worker)


def _serve(options: argparse.Namespace) -> int:
    """Migrate, then serve."""
    _bind(options)
    return _manage(["serve", "--migrate", *(["--no-worker"] if options.no_worker else [])])


def _bind(options: argparse.Namespace) -> None:
    """Give the address of the command line to the settings, which check it."""
    for name, value in (("HOST", options.host), ("PORT", options.port)):
        if value is not None:
            os.environ[name] = value


def _manage(words: list[str]) -> int:
    """Run a management command in this process; return its exit code."""
    lib_path.add()
    before, sys.argv = sys.argv, ["parley manage", *words]
    try:
        runpy.run_path(str(lib_path.library() / "manage.py"), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return int(end.code or 0)
    finally:
        sys.argv = before
    return 0
