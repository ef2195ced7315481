"""Gradio in a program: `launch()` of its Blocks starts Parley's server with the page at `/`, and it is imported without its type stubs.

The program brings Gradio; Parley does not.
"""

import inspect
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from config.program.program import Program

logger = logging.getLogger(__name__)

STUB_MAKER = "create_or_modify_pyi"
_OURS = ("app", "blocks", "path", "server_name", "server_port")
"""Options of `mount_gradio_app` that a program's `launch()` does not decide."""


class AfterImport(MetaPathFinder):
    """Calls a function with a module as soon as the program has imported it."""

    def __init__(self, name: str, then: Callable[[ModuleType], None]) -> None:
        self._name, self._then = name, then

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        """Return the spec of the module, with a loader that calls the function; None for all other modules."""
        if fullname != self._name or self not in sys.meta_path:
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        if spec is None or spec.loader is None:
            return None
        loader: Any = spec.loader
        plain = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            plain(module)
            self._then(module)

        loader.exec_module = exec_module
        return spec


def install(program: Program) -> None:
    """Change Gradio as soon as the program imports it."""

    def replace_launch(blocks: ModuleType) -> None:
        def launch(blocks: Any, *arguments: Any, **options: Any) -> Any:
            return _serve(program, blocks, options)

        launch.__doc__ = "Serve the page with the address that `parley run` has."
        blocks.Blocks.launch = launch

    for name, change in (("gradio.component_meta", leave_out_stubs), ("gradio.blocks", replace_launch)):
        if name in sys.modules:
            change(sys.modules[name])
        else:
            sys.meta_path.insert(0, AfterImport(name, change))


def leave_out_stubs(component_meta: ModuleType) -> None:
    """Let Gradio write no type stub for each class of a component.

    It makes one for editors at each import, beside the source of the class.
    """
    if hasattr(component_meta, STUB_MAKER):
        setattr(component_meta, STUB_MAKER, lambda *_: None)


def _serve(program: Program, blocks: Any, options: Mapping[str, object]) -> Any:
    """Serve Blocks at `/`. With `prevent_thread_lock` the program continues, and its end waits for the server."""
    if options.get("share"):
        logger.warning("launch(share=True): no tunnel is opened, since no outside host is contacted")
    gradio, fastapi = import_module("gradio"), import_module("fastapi")
    known = set(inspect.signature(gradio.mount_gradio_app).parameters) - set(_OURS)
    application = fastapi.FastAPI()
    kept = {name: value for name, value in options.items() if name in known and value is not None}
    application = gradio.mount_gradio_app(application, blocks, path="/", **kept)
    if options.get("prevent_thread_lock"):
        program.serve_beside(application)
    else:
        program.serve(application)
    return application, "/", None
