"""Which tests belong to which changed files."""

import subprocess
from pathlib import Path

import pytest

from tools.changed_tests import importing, is_test, mirrored, select

ROOT = Path(__file__).resolve().parents[2]
TESTS = [
    "tests/aio/test_other.py",
    "tests/browser/modules/test_view.py",
    "tests/config/test_docs.py",
    "tests/config/test_docs_deploy.py",
    "tests/paths/test_speak.py",
    "tests/streaming/aio/test_send_queue.py",
    "tests/streaming/aio/test_send_queue_limits.py",
    "tests/streaming/sessions/test_session.py",
    "tests/streaming/webrtc/test_peer.py",
    "tests/streaming/webrtc/peer/test_close.py",
]


def nothing(path: str) -> str:
    """Return the text of a test that imports nothing."""
    return ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("streaming/aio/send_queue.py", ["tests/streaming/aio/test_send_queue.py"]),
        ("streaming/webrtc/peer.py", ["tests/streaming/webrtc/test_peer.py", "tests/streaming/webrtc/peer/test_close.py"]),
        ("streaming/aio/send.py", []),
        ("streaming/webrtc/__init__.py", []),
    ],
)
def test_a_module_has_the_tests_of_its_name(path: str, expected: list[str]) -> None:
    """The tests mirror the packages; a package's `__init__` does not select the whole package."""
    assert mirrored(path, TESTS) == expected


@pytest.mark.parametrize(
    "text", ["from a.b.c import X\n", "import a.b.c\n", "    from a.b import d, c\n", "from a.b import c as other\n", "import a.b.c as x\n"]
)
def test_a_module_without_a_mirrored_test_has_those_that_import_it(text: str) -> None:
    """Every form of an absolute import counts."""
    assert importing("a.b.c", ["tests/test_x.py"], lambda path: text) == ["tests/test_x.py"]


@pytest.mark.parametrize("text", ["from a.b.cd import X\n", "# import a.b.c\n", "from a.b import cd\n", "import a.b\n"])
def test_another_module_is_not_taken_for_it(text: str) -> None:
    """Names are compared whole."""
    assert importing("a.b.c", ["tests/test_x.py"], lambda path: text) == []


def test_the_mirrored_test_is_preferred_to_imports() -> None:
    """A module that every test imports does not select every test."""
    selection = select(["streaming/aio/send_queue.py"], TESTS, lambda path: "from streaming.aio.send_queue import SendQueue\n")
    assert selection.tests == ["tests/streaming/aio/test_send_queue.py"]


def test_a_changed_test_is_run_and_a_deleted_one_is_not() -> None:
    """A deleted test is named among the files without tests."""
    selection = select(["tests/aio/test_other.py", "tests/aio/test_gone.py"], TESTS, nothing)
    assert (selection.tests, selection.without_tests) == (["tests/aio/test_other.py"], ["tests/aio/test_gone.py"])


def test_whole_paths_come_last() -> None:
    """They are the slowest, and selected only for the packages that they lead through."""
    changed = ["streaming/sessions/session.py", "docs/operate/deploy.md", "insights/static/parley/js/live.js"]
    assert select(changed, TESTS, nothing).tests == [
        "tests/config/test_docs.py",
        "tests/config/test_docs_deploy.py",
        "tests/streaming/sessions/test_session.py",
        "tests/browser/modules/test_view.py",
        "tests/paths/test_speak.py",
    ]
    assert "tests/paths/test_speak.py" not in select(["streaming/aio/send_queue.py"], TESTS, nothing).tests


@pytest.mark.parametrize(
    ("path", "test"),
    [
        ("docs/guide/streams.md", "tests/streaming/test_docs.py"),
        ("docs/reference/rest.md", "tests/insights/api/test_docs.py"),
        ("docs/reference/fastrtc.md", "tests/streaming/protocols/fastrtc/test_docs.py"),
        ("docs/guide/speech-engines.md", "tests/streaming/speech/test_own_engines.py"),
        ("examples/captions.py", "tests/examples/test_examples.py"),
    ],
)
def test_listings_and_examples_have_the_tests_that_run_them(path: str, test: str) -> None:
    """The tests exist, and a change of the page or program selects them."""
    assert (ROOT / test).exists()
    assert select([path], [test], nothing).tests == [test]


def test_a_module_of_the_command_has_the_tests_that_import_it() -> None:
    """The package `parley` has no tests of its own name."""
    assert select(["parley/client.py"], ["tests/test_x.py"], lambda path: "from parley.client import StreamClient\n").tests == [
        "tests/test_x.py"
    ]


def test_nothing_changed_selects_nothing() -> None:
    """Such as in a clean clone."""
    assert select([], TESTS, nothing).tests == []


def test_most_modules_of_this_repository_have_tests() -> None:
    """The rules fit the layout: nine of ten modules with code select at least one test."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    present = [path for path in listed if (ROOT / path).exists()]
    tests = [path for path in present if is_test(path)]
    modules = [
        path for path in present if path.startswith(("streaming/", "insights/")) and path.endswith(".py") and "migrations" not in path
    ]
    modules = [path for path in modules if not path.endswith("__init__.py") and "/training/" not in path and "/demo/" not in path]
    texts = {path: (ROOT / path).read_text() for path in tests}
    without = [path for path in modules if not select([path], tests, texts.__getitem__).tests]
    assert len(modules) > 200
    assert len(without) < len(modules) / 10, without
