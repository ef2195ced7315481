"""The pinned requirements are complete on every supported Python."""

import re
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

LOCKS = Path(__file__).parents[2] / "requirements"
# A lock made on one patch release leaves out what only another one needs.
PYTHONS = ("3.11.0", "3.11.2", "3.11.3", "3.11.99", "3.12.0", "3.12.99", "3.13.0", "3.13.99")
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[([^\]]*)\])?==", re.MULTILINE)


def pinned(lock: str) -> dict[str, tuple[str, ...]]:
    """Return the package names of a lock file, each with its extras."""
    found = PINNED.findall((LOCKS / lock).read_text())
    return {canonicalize_name(name): tuple(extras.replace(" ", "").split(",")) if extras else () for name, extras in found}


def lacking(packages: dict[str, tuple[str, ...]], python: str) -> list[str]:
    """Return `package needs other` for each dependency that is not pinned."""
    missing = []
    for name, extras in packages.items():
        for line in metadata.requires(name) or []:
            wanted = Requirement(line)
            environments = [
                {"python_version": python.rpartition(".")[0], "python_full_version": python, "extra": extra} for extra in ("", *extras)
            ]
            needed = wanted.marker is None or any(wanted.marker.evaluate(environment) for environment in environments)
            if needed and canonicalize_name(wanted.name) not in packages:
                missing.append(f"{name} needs {wanted.name}")
    return missing


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("lock", ["runtime.txt", "development.txt"])
def test_every_dependency_is_pinned(lock: str, python: str) -> None:
    """Every dependency of a pinned package is pinned."""
    assert lacking(pinned(lock), python) == []


def test_every_package_has_a_hash() -> None:
    """Each pinned package has the hashes of its files."""
    for lock in LOCKS.glob("*.txt"):
        blocks = re.split(r"(?m)^(?=[A-Za-z0-9._-]+(?:\[[^\]]*\])?\s*(?:==|@))", lock.read_text())[1:]
        assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
