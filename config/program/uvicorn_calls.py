"""`uvicorn.run(...)` and `uvicorn.Server(...)` in a program start Parley's server with the program's application."""

import asyncio
import logging
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import uvicorn

from config.program.program import Program
from config.program.server import ProgramServer, TlsOptions

logger = logging.getLogger(__name__)


def install(program: Program) -> None:
    """Replace uvicorn's ways to start a server, until this process ends."""
    plain_run, plain_serve = uvicorn.Server.run, uvicorn.Server.serve

    def run(app: Any, *, factory: bool = False, app_dir: str | None = None, **options: Any) -> None:
        if app_dir is not None:
            sys.path.insert(0, app_dir)
        program.serve(loaded(app, factory), _kept(options))

    def server_run(self: uvicorn.Server, sockets: Any = None) -> None:
        if isinstance(self, ProgramServer):
            plain_run(self, sockets)
        else:
            program.serve(loaded(self.config.app, self.config.factory), _kept(vars(self.config)))

    async def server_serve(self: uvicorn.Server, sockets: Any = None) -> None:
        if isinstance(self, ProgramServer):
            await plain_serve(self, sockets)
            return
        application, options = loaded(self.config.app, self.config.factory), _kept(vars(self.config))
        server = await asyncio.to_thread(program.server, application, options)  # Django allows no database access in an event loop
        try:
            await server.serve()
        finally:
            program.ended.set()

    uvicorn.run = run
    setattr(import_module("uvicorn.main"), "run", run)  # noqa: B010  # `uvicorn.main` is the function of this name
    setattr(uvicorn.Server, "run", server_run)  # noqa: B010  # mypy allows no assignment to a method
    setattr(uvicorn.Server, "serve", server_serve)  # noqa: B010


def loaded(application: Any, factory: bool) -> Any:
    """Return an application that is given as itself, as "module:attribute", or by a function that makes it.

    Raises ValueError for a text of another form, ImportError or AttributeError for what is not there.
    """
    if isinstance(application, str):
        module, _, attributes = application.partition(":")
        if not module or not attributes:
            raise ValueError(f"uvicorn.run({application!r}): a text such as 'module:app' is needed")
        application = _module(module)
        for attribute in attributes.split("."):
            application = getattr(application, attribute)
    return application() if factory else application


def _module(name: str) -> Any:
    """Import a module. The file that runs as `__main__` is not run again, so that its models and streams exist once."""
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if (spec is not None and spec.name == name) or Path(main.__file__ or "").stem == name:
        return main
    return import_module(name)


def _kept(options: Mapping[str, object]) -> TlsOptions:
    """Return the options that hold, and say which do nothing."""
    if options.get("reload") or options.get("workers") not in (None, 0, 1):
        logger.warning("uvicorn.run(reload=..., workers=...): `parley run` runs one process and does not reload")
    return cast(TlsOptions, {name: options[name] for name in TlsOptions.__annotations__ if options.get(name) is not None})
