"""A program's modules that are called as packages of Parley."""

import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import config
import streaming
from config.program.program_imports import PACKAGE, ProgramImports

ROOT = Path(__file__).resolve().parents[3]
FILES = {
    "config.py": "import helpers\nVALUE = 'of the program'\nhere = __name__\n",
    "helpers.py": "def value():\n    from config import VALUE\n    return VALUE\n",
    "streaming/__init__.py": "from streaming.inner import DEEP\nfrom . import inner\n",
    "streaming/inner.py": "import config\nDEEP = config.VALUE\n",
    ".venv/lib/python3/site-packages/library.py": "import config\nfound = config\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a program with its own config.py and streaming/."""
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


@pytest.fixture
def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Run code as the program's main file, with isolated imports."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    before = set(sys.modules)
    imports = ProgramImports(folder, ROOT)
    imports.install()

    def execute(code: str) -> ModuleType:
        main = ModuleType("main")
        main.__file__ = str(folder / "app.py")
        exec(compile(code, main.__file__, "exec"), main.__dict__)
        return main

    yield execute
    imports.uninstall()
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_the_program_gets_its_own_modules(run: Callable[[str], ModuleType]) -> None:
    """In its main file, in its other files, in its packages, in any form of import."""
    main = run(
        "import config\nimport config as renamed\nfrom config import VALUE\nimport streaming.inner\nfrom streaming import DEEP\n"
        "import helpers\nimport importlib\nby_name = importlib.import_module('config')\n"
    )
    assert main.config is main.renamed is main.by_name
    assert main.config.VALUE == main.VALUE == main.DEEP == main.helpers.value() == main.streaming.inner.DEEP == "of the program"
    assert main.config.here == f"{PACKAGE}.config"


def test_parley_gets_its_own_modules(run: Callable[[str], ModuleType]) -> None:
    """Files outside of the program's folder do, and what Parley imports later."""
    run("import config, streaming")
    import config as ours

    assert ours is config is sys.modules["config"]
    assert importlib.import_module("streaming") is streaming
    assert importlib.import_module("streaming.types.outputs").__file__ == str(ROOT / "streaming" / "types" / "outputs.py")


def test_installed_packages_are_not_the_program(run: Callable[[str], ModuleType], folder: Path) -> None:
    """A virtual environment in the program's folder has other people's files."""
    sys.path.append(str(folder / ".venv/lib/python3/site-packages"))
    assert run("import library").library.found is config


def test_the_folder_comes_first(run: Callable[[str], ModuleType], folder: Path) -> None:
    """As with `python app.py`."""
    run("")
    assert sys.path[0] == str(folder)


def test_a_program_without_such_modules_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own import functions stay."""
    import builtins

    before = builtins.__import__, importlib.import_module
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "templates").mkdir()
    (tmp_path / "config").mkdir()  # without Python files
    imports = ProgramImports(tmp_path, ROOT)
    imports.install()
    assert (builtins.__import__, importlib.import_module) == before
    assert imports.clashing == frozenset()


def test_a_program_in_the_checkout_itself_has_no_clash() -> None:
    """There `config` is Parley's."""
    imports = ProgramImports(ROOT, ROOT)
    assert imports.clashing == frozenset()
    assert not imports.is_of_program(str(ROOT / "config" / "env.py"))
    assert imports.is_of_program(str(ROOT / "app.py"))
