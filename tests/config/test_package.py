"""What a wheel holds, and what an environment holds in which it was installed."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from parley import lib_path
from tools import wheel_contents

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
HEAVY = {
    "torch",
    "torchaudio",
    "tensorflow",
    "jax",
    "gradio",
    "fastapi",
    "fastrtc",
    "librosa",
    "numba",
    "pydub",
    "moonshine-voice",
    "silero-vad",
}


def installed_with(requirements: list[str]) -> set[str]:
    """Return the packages that an environment holds in which these requirements were installed, as far as this environment has them."""
    found: set[str] = set()
    waiting = [(Requirement(line), "") for line in requirements]
    while waiting:
        wanted, extra = waiting.pop()
        if wanted.marker is not None and not wanted.marker.evaluate({"extra": extra}):
            continue
        name = canonicalize_name(wanted.name)
        if name not in found or wanted.extras:
            found.add(name)
            lines = metadata.requires(name) or []
            waiting += [(Requirement(line), one) for line in lines for one in ("", *wanted.extras) if one or not _has_extra(line)]
    return found


def _has_extra(line: str) -> bool:
    return "extra ==" in line


def test_the_package_needs_what_the_runtime_needs() -> None:
    """The dependencies of the package are the lines of requirements/runtime.in."""
    lines = (ROOT / "requirements" / "runtime.in").read_text().splitlines()
    assert PROJECT["project"]["dependencies"] == [line for line in lines if line and not line.startswith("#")]


def test_a_fresh_environment_has_no_heavy_packages() -> None:
    """It holds the pinned packages of a server, and neither torch nor the packages that the weights come from."""
    pinned = re.findall(r"(?m)^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", (ROOT / "requirements" / "runtime.txt").read_text())
    held = installed_with(PROJECT["project"]["dependencies"])
    assert held <= {canonicalize_name(name) for name in pinned}
    assert not held & HEAVY
    assert {"django", "aiortc", "numpy", "onnxruntime", "uvicorn"} <= held


def test_the_wheel_has_what_a_server_reads() -> None:
    """Packages, templates, static files, translations and weights lie under parley/_lib; tests, tools and training do not."""
    inside = set(wheel_contents.files_of(ROOT).values())
    library = wheel_contents.INSIDE
    for path in (
        "config/asgi.py",
        "config/program/run.py",
        "streaming/__init__.py",
        "insights/migrations/0001_initial.py",
        "insights/static/parley/base.css",
        "insights/analysis/data/english.txt.gz",
        "streaming/speech/weights/end_of_turn.json",
        "templates/base.html",
        "templates/streams/stream.html",
        "locale/de/LC_MESSAGES/django.mo",
        "manage.py",
        "pyproject.toml",
    ):
        assert f"{library}/{path}" in inside, path
    assert not [path for path in inside if "__pycache__" in path or path.startswith((f"{library}/tests", f"{library}/insights/training"))]


def test_nothing_but_parley_is_at_the_top_level() -> None:
    """site-packages gets no package `config`; the command finds it below."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["packages"] == ["parley"]
    assert all(path.startswith("parley/_lib/") for path in wheel_contents.files_of(ROOT).values())
    assert lib_path.library() == ROOT
    assert PROJECT["project"]["scripts"] == {"parley": "parley.cli:main"}


def test_modules_of_parley_need_no_server() -> None:
    """`from parley import client` works in any program; other names need a running Parley, and say so."""
    code = "from parley import client\nprint(client.StreamClient.__name__)\nfrom parley import Stream"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "StreamClient\n"
    assert "parley.Stream needs a running Parley" in done.stderr


def test_only_the_weights_that_are_read_are_packed(tmp_path: Path) -> None:
    """Of the packages with models a wheel gets the weights and the licences, and no code."""
    packed = ["moonshine_voice/assets/tiny-en/encoder.ort", "silero_vad/data/silero_vad_16k_op15.onnx", "x-1.dist-info/licenses/LICENSE"]
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as wheel:
        for name in (*packed, "moonshine_voice/__init__.py", "moonshine_voice/assets/beckett.wav", "silero_vad/data/silero_vad.jit"):
            wheel.writestr(name, "")
    wheel_contents.extract([tmp_path / "x.whl"], tmp_path / "out")
    assert sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()) == sorted(
        packed
    )
