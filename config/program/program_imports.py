"""Modules of a program that have the name of a package of Parley: `config.py`, `streaming.py`, `insights/` beside the program.

Files in the program's folder that import such a name get the program's module; Parley's own files get Parley's. Python has one module for
each name, so the program's modules are loaded under the package `parley_program`. Nothing is changed for a program without such modules.
"""

import builtins
import importlib
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

OURS = ("config", "streaming", "insights", "parley")
PACKAGE = "parley_program"
_LIBRARIES = ("site-packages", "dist-packages")


class ProgramImports:
    """Decides for each import whose module is meant.

    Args:
        folder: the program's folder.
        library: the folder of Parley's packages.
    """

    def __init__(self, folder: Path, library: Path) -> None:
        self._folder, self._library = folder.resolve(), library.resolve()
        self.clashing = frozenset(name for name in OURS if self._has(name))
        self._of_program: dict[str, bool] = {}
        self._import = builtins.__import__
        self._import_module = importlib.import_module

    def install(self) -> None:
        """Put the folder on sys.path; where names clash, also replace the import functions for files of the program."""
        sys.path[:] = [str(self._folder), *(entry for entry in sys.path if entry != str(self._folder))]
        if self.clashing:
            package = ModuleType(PACKAGE)
            package.__path__ = [str(self._folder)]
            sys.modules[PACKAGE] = package
            builtins.__import__ = self._import_for_file
            importlib.import_module = self._import_module_for_file

    def uninstall(self) -> None:
        """Put Python's own functions back."""
        builtins.__import__, importlib.import_module = self._import, self._import_module

    def is_of_program(self, file: str) -> bool:
        """Return whether a file is the program's: in its folder, and neither Parley's nor of an installed package."""
        if (known := self._of_program.get(file)) is None:
            path = Path(file).resolve()
            inside = path.is_relative_to(self._folder) and not any(part in _LIBRARIES for part in path.relative_to(self._folder).parts)
            ours = any(path.is_relative_to(self._library / name) for name in OURS)
            known = self._of_program[file] = inside and not ours
        return known

    def _has(self, name: str) -> bool:
        """Return whether the folder has a module of this name that is not Parley's own."""
        if self._folder == self._library:
            return False
        package = self._folder / name
        return package.with_suffix(".py").is_file() or any(package.glob("*.py"))

    def _is_meant(self, name: str, module_globals: Mapping[str, Any] | None) -> bool:
        file = (module_globals or {}).get("__file__")
        return name.partition(".")[0] in self.clashing and isinstance(file, str) and self.is_of_program(file)

    def _import_for_file(
        self,
        name: str,
        globals: Mapping[str, object] | None = None,  # noqa: A002 - the names of Python's own function
        locals: Mapping[str, object] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        if level or not self._is_meant(name, globals):
            return self._import(name, globals, locals, fromlist or (), level)
        module = self._import(f"{PACKAGE}.{name}", globals, locals, fromlist or (), 0)
        return module if fromlist else sys.modules[f"{PACKAGE}.{name.partition('.')[0]}"]

    def _import_module_for_file(self, name: str, package: str | None = None) -> ModuleType:
        caller = sys._getframe(1).f_globals
        return self._import_module(f"{PACKAGE}.{name}" if self._is_meant(name, caller) else name, package)
