"""`make test`: the whole test suite in parallel; a few failed tests run once more, each alone on the machine."""

import json
import os
import subprocess
import sys
from pathlib import Path

PARALLEL = ("-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "-p", "tools.run_times")
CACHE = Path(".pytest_cache/v/cache/lastfailed")
MOST_REPEATED = 5
"""Most failed tests that run once more. More failures have another cause than a busy machine."""
TESTS_FAILED = 1
"""pytest's exit status when tests failed; the others are errors of its own."""


def pytest(*arguments: str) -> int:
    """Run pytest; return its exit status.

    Each process keeps the bytecode that it compiles, whatever the environment says: the tests start hundreds of interpreters, and an eighth
    of such a start is compilation of our modules.
    """
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.run([sys.executable, "-m", "pytest", "-q", *arguments], env=environment).returncode


def failed_tests() -> list[str]:
    """Return the ids of the tests that failed in the last run."""
    return sorted(json.loads(CACHE.read_text())) if CACHE.exists() else []


def main(arguments: list[str]) -> int:
    """Run the suite with further arguments of pytest; return 0 if each test passed, at the latest alone."""
    CACHE.unlink(missing_ok=True)
    status = pytest(*PARALLEL, *arguments)
    failed = failed_tests()
    if status != TESTS_FAILED or not 0 < len(failed) <= MOST_REPEATED:
        return status
    print(f"failed beside other tests: {len(failed)}; each runs once more, alone", flush=True)
    outcomes = {test: pytest(test) for test in failed}
    for test, outcome in outcomes.items():
        print(f"{'failed again' if outcome else 'passed alone: make it independent of the load'}: {test}", flush=True)
    return TESTS_FAILED if any(outcomes.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
