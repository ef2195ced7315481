"""The tool that counts the functions and files on a path."""

from insights import names
from tools.trace_path import CallTrace, breakdown


def test_functions_of_the_project_are_noted_once() -> None:
    """Those of libraries, tests and lambdas are not, nor what was called before or after."""
    trace = CallTrace()
    names.isolated("Ann")
    trace.begin()
    names.clean_name("Ann")
    names.clean_name("Bob")
    (lambda: str.upper("x"))()
    trace.end()
    names.isolated("Ann")
    assert {name for file, name in trace.calls if file == "insights/names.py"} == {"clean_name", "_is_visible"}
    assert all(file.startswith("insights/") for file, _ in trace.calls)


def test_the_breakdown_is_by_package() -> None:
    """A file at the top of a package belongs to that package."""
    calls = [("streaming/aio/executors.py", "run"), ("streaming/aio/fairness.py", "pause"), ("streaming/recogniser.py", "loaded")]
    assert breakdown(calls) == [("streaming/aio", 2, 2), ("streaming", 1, 1)]
