"""The published packages, downloaded once into .cache/clients, or a skip with the reason."""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from tests.servers import ROOT

CACHE = ROOT / ".cache" / "clients"
FETCH_S = 100
NPM = ("@symblai/symbl-js@1.4.10", "@symblai/symbl-web-sdk@1.0.10", "symbl-opus-encdec@0.1.2", "esbuild@0.28.2")
DYTE = ("@dytesdk/symbl-transcription@2.2.1", "esbuild@0.28.2")
# Without dependencies: `symbl` asks for PyAudio, which is built with a compiler, and uses it for a microphone only.
PYPI = (
    "symbl==2.0.6",
    "symbl-rest==1.0.14",
    "websocket-client==1.9.2",
    "python-dateutil==2.9.0.post0",
    "six==1.17.0",
    "certifi",
    "urllib3",
)


def npm_packages(wanted: tuple[str, ...] = NPM) -> Path:
    """Return a directory whose node_modules has the JavaScript SDKs, or other packages, and a bundler."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("no node and npm here: the JavaScript SDKs are not tried")
    quiet = ("--no-package-lock", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error", "--fetch-retries=1")
    return _fetched("npm", wanted, ("npm", "install", *quiet, "--prefix"))


def python_packages() -> Path:
    """Return a directory for PYTHONPATH that has the Python SDK."""
    quiet = ("--quiet", "--disable-pip-version-check", "--no-deps", "--retries=1", "--timeout=15")
    return _fetched("pip", PYPI, (sys.executable, "-m", "pip", "install", *quiet, "--target"))


def _fetched(tool: str, wanted: tuple[str, ...], command: tuple[str, ...]) -> Path:
    """Run `command FOLDER *wanted` unless it has run before, completely or not at all, in one process at a time."""
    folder = CACHE / f"{tool}-{hashlib.sha256(' '.join(wanted).encode()).hexdigest()[:12]}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{tool}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            new = Path(tempfile.mkdtemp(dir=CACHE))
            if not _ran([*command, str(new), *wanted]):
                shutil.rmtree(new, ignore_errors=True)
                pytest.skip(f"{tool} could not fetch the published SDKs: they are not tried")
            new.rename(folder)
    return folder


def _ran(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, timeout=FETCH_S, check=False).returncode == 0
    except subprocess.TimeoutExpired:
        return False
