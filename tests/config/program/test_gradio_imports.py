"""What `parley run` changes of Gradio while the program imports it; tests/paths/test_gradio.py runs programs with Gradio itself."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from config.program import gradio_imports

SOURCES = {
    "__init__.py": "import gradio.components\nfrom gradio.blocks import Blocks\n",
    "component_meta.py": "def create_or_modify_pyi(*_):\n    raise AssertionError('a stub was made')\n",
    "components.py": "from gradio.component_meta import create_or_modify_pyi\ncreate_or_modify_pyi(object, 'Textbox', [])\n",
    "blocks.py": "class Blocks:\n    def launch(self):\n        raise AssertionError('Gradio served')\n",
}


@pytest.fixture
def gradio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package with the names of Gradio that are changed."""
    (tmp_path / "gradio").mkdir()
    for name, source in SOURCES.items():
        (tmp_path / "gradio" / name).write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    before = {name: sys.modules.pop(name) for name in list(sys.modules) if name.partition(".")[0] == "gradio"}
    yield
    for name in list(sys.modules):
        if name.partition(".")[0] == "gradio":
            del sys.modules[name]
    sys.modules.update(before)


@pytest.mark.usefixtures("gradio")
def test_gradio_is_imported_without_stubs(monkeypatch: pytest.MonkeyPatch) -> None:
    """No stub is made for a component, and `launch` serves with the program's server."""
    served: list[Any] = []
    monkeypatch.setattr(gradio_imports, "_serve", lambda *call: served.append(call))
    program: Any = object()
    gradio_imports.install(program)
    blocks = import_module("gradio").Blocks()
    blocks.launch(server_port=1)
    assert served == [(program, blocks, {"server_port": 1})]
    assert not [finder for finder in sys.meta_path if isinstance(finder, gradio_imports.AfterImport)]


@pytest.mark.usefixtures("gradio")
def test_a_version_without_stubs_is_left_as_it_is(tmp_path: Path) -> None:
    """A name that Gradio no longer has is not added."""
    (tmp_path / "gradio" / "component_meta.py").write_text("")
    (tmp_path / "gradio" / "components.py").write_text("import gradio.component_meta\n")
    program: Any = object()
    gradio_imports.install(program)
    assert not hasattr(import_module("gradio").component_meta, "create_or_modify_pyi")
