"""Runs a program: prepares Django, runs the file or module as `__main__`, and serves what it made."""

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType

from config.program.program_imports import OURS, ProgramImports

LIBRARY = Path(__file__).resolve().parents[2]
"""The folder of Parley's packages."""
NO_STREAM = 2
"""Exit code for a target that is no program with streams."""


class NoProgram(Exception):
    """The target cannot be run; the text says why."""


def run(target: str, arguments: Sequence[str], *, public: bool, reload: bool, worker: bool) -> int:
    """Run a program until its server ends; return the exit code.

    Args:
        target: a file such as app.py, or a module such as package.module.
        arguments: what the program finds in sys.argv after its own name.
        public: whether everybody who reaches the server may use the program's streams without an account.
        reload: not done; a warning is printed.
        worker: whether a worker runs beside the server.
    """
    folder = Path(target).resolve().parent if target.endswith(".py") else Path.cwd()
    if target.endswith(".py") and not Path(target).is_file():
        return _fail(f"parley run: there is no file {target}")
    if reload:
        print("parley run --reload: the program is not restarted when its files change", file=sys.stderr)
    _set_environment(folder, public)
    gc.disable()  # loading 100,000 objects takes a sixth longer with it
    from django.core.exceptions import ImproperlyConfigured
    from django.db import OperationalError

    try:
        return _run(target, arguments, folder, public, worker)
    except NoProgram as error:
        return _fail(f"parley run: {error}")
    except (ImproperlyConfigured, OperationalError) as error:
        print(f"Parley cannot start: {str(error).strip()}", file=sys.stderr)
        return 1


def _set_environment(folder: Path, public: bool) -> None:
    """Set the defaults for a program: its data beside it, and the hosts that it is reached by."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("DATA_DIR", str(folder / ".parley"))
    if public:
        os.environ.setdefault("ALLOWED_HOSTS", "*")


def _run(target: str, arguments: Sequence[str], folder: Path, public: bool, worker: bool) -> int:
    import django

    django.setup()
    from django.conf import settings
    from django.core.management.base import OutputWrapper

    from config.data_dir import prepare
    from config.program import fastrtc_modules, gradio_imports, uvicorn_calls
    from config.program.program import COLLECT_RARELY, Program
    from config.start import prepare_database
    from config.worker_process import WorkerProcess
    from streaming import discovery
    from streaming.handlers.stream import Stream

    prepare()
    prepare_database(OutputWrapper(sys.stderr), migrate=not settings.DATABASE_URL)
    discovery.streams()  # the built-in ones are not the program's
    imports = ProgramImports(folder, LIBRARY)
    imports.install()
    fastrtc_modules.install()
    # The program may change the environment and the working directory, for example with a .env file; the worker keeps the database of now.
    beside = WorkerProcess(environment=dict(os.environ), folder=Path.cwd()) if worker else None
    Stream.program = program = Program(target, imports, public, beside)
    uvicorn_calls.install(program)
    gradio_imports.install(program)
    main, code = _load(target)
    sys.modules["__main__"] = main
    sys.argv = [str(main.__file__), *arguments]
    gc.set_threshold(*COLLECT_RARELY)  # until its server starts: `Program.parley`
    gc.enable()
    try:
        exec(code, main.__dict__)  # noqa: S102 - this is what the user asks for
    except Exception as error:
        _print(error, imports)
        return 1
    if program.served.is_set():
        program.ended.wait()
    elif not program.streams and not program.mounts:
        raise NoProgram(f"{target} has made no Stream and started no server, so there is nothing to serve")
    else:
        program.serve(None)
    return 0


def _load(target: str) -> tuple[ModuleType, CodeType]:
    """Return the main module of a program, not yet run, and its code."""
    main = ModuleType("__main__")
    if target.endswith(".py"):
        file = Path(target).resolve()
        main.__file__ = str(file)
        try:
            return main, compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except (SyntaxError, ValueError) as error:
            traceback.print_exception(error, limit=0)
            raise NoProgram(f"{target} is no Python program") from None
    try:
        spec = find_spec(target)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = find_spec(f"{target}.__main__")
    except (ImportError, ValueError) as error:
        raise NoProgram(f"there is no module {target} ({error})") from None
    code = getattr(spec.loader, "get_code", lambda name: None)(spec.name) if spec is not None else None
    if spec is None or code is None:
        raise NoProgram(f"there is no module {target} in {Path.cwd()}; a file ends in .py")
    main.__spec__, main.__file__, main.__package__, main.__loader__ = spec, spec.origin, spec.parent, spec.loader
    return main, code


def _print(error: Exception, imports: ProgramImports) -> None:
    """Print the traceback of a program's error without Parley's own calls."""
    shown = traceback.TracebackException.from_exception(error)
    ours = tuple(f"{LIBRARY / name}{os.sep}" for name in OURS)
    if any(imports.is_of_program(frame.filename) for frame in shown.stack):
        shown.stack[:] = [frame for frame in shown.stack if not frame.filename.startswith(ours)]
    print("".join(shown.format()), end="", file=sys.stderr)


def _fail(text: str) -> int:
    print(text, file=sys.stderr)
    return NO_STREAM
