"""Typed, documented settings from the environment, loud on nonsense.

Every setting is declared once, with its default and one sentence of help; `DECLARED` is the list that
`docs/settings.md` is checked against. Knows nothing of Django.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from urllib.parse import urlsplit

_HOST = re.compile(r"\*|\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


class SettingError(Exception):
    """An environment variable holds a value that Parley cannot use; the text says which and what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared environment variable: its name, its default as a person would type it, and what it is for."""

    name: str
    default: str
    help: str


DECLARED: dict[str, Setting] = {}


class Env:
    """Reads declared settings from a mapping of strings (the process environment by default)."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values

    def _raw(self, name: str, default: str, help: str) -> str:
        DECLARED[name] = Setting(name, default, help)
        value = self._values.get(name, "").strip()
        return value or default

    def text(self, name: str, default: str, help: str) -> str:
        """Return the text of a setting; an empty variable counts as unset."""
        return self._raw(name, default, help)

    def choice(self, name: str, default: str, allowed: tuple[str, ...], help: str) -> str:
        """Return one of the allowed words. Raises SettingError for any other."""
        value = self._raw(name, default, help)
        if value not in allowed:
            raise SettingError(f"{name}={value!r}: allowed values are {', '.join(allowed)}")
        return value

    def integer(self, name: str, default: int, help: str, *, least: int = 0, most: int = 2**31) -> int:
        """Return a whole number within [least, most]. Raises SettingError otherwise."""
        value = self._raw(name, str(default), help)
        try:
            number = int(value)
        except ValueError:
            raise SettingError(f"{name}={value!r}: a whole number from {least} to {most} is needed") from None
        if not least <= number <= most:
            raise SettingError(f"{name}={number}: allowed are {least} to {most}")
        return number

    def number(self, name: str, default: float, help: str, *, least: float, most: float) -> float:
        """Return a number within [least, most]. Raises SettingError otherwise."""
        value = self._raw(name, f"{default:g}", help)
        try:
            number = float(value)
        except ValueError:
            raise SettingError(f"{name}={value!r}: a number from {least:g} to {most:g} is needed") from None
        if not least <= number <= most:  # also refuses nan
            raise SettingError(f"{name}={value}: allowed are {least:g} to {most:g}")
        return number

    def flag(self, name: str, default: bool, help: str) -> bool:
        """Return true for 1, true, yes, on; false for 0, false, no, off. Raises SettingError otherwise."""
        value = self._raw(name, "1" if default else "0", help).lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise SettingError(f"{name}={value!r}: use 1 or 0")

    def words(self, name: str, default: str, help: str, *, starts: tuple[str, ...] = ()) -> list[str]:
        """Return the comma-separated words of a setting, without empty ones. Raises SettingError for one that starts otherwise."""
        words = [word.strip() for word in self._raw(name, default, help).split(",") if word.strip()]
        for word in words:
            if starts and not word.startswith(starts):
                raise SettingError(f"{name}={word!r}: must start with one of {', '.join(starts)}")
        return words

    def hosts(self, name: str, default: str, help: str) -> list[str]:
        """Return the host names of a list. Raises SettingError for what no Host header can match, such as a URL or a name with a port."""
        hosts = self.words(name, default, help)
        for host in hosts:
            if not _HOST.fullmatch(host):
                allowed = "a host name such as talk.example.org, .example.org with all names below it, an IP address ([::1] for IPv6), or *"
                raise SettingError(f"{name}={host!r}: {allowed} is needed, without scheme, port or path")
        return hosts

    def networks(self, name: str, help: str, *, words: tuple[str, ...] = ()) -> list[IPv4Network | IPv6Network | str]:
        """Return the IP addresses and networks of a list, and the words that are allowed beside them. Raises SettingError otherwise."""
        networks: list[IPv4Network | IPv6Network | str] = []
        for word in self.words(name, "", help):
            try:
                networks.append(word if word in words else ip_network(word))
            except ValueError as error:
                allowed = ", ".join(("an IP address such as 10.0.0.5", "a network such as 10.0.0.0/24", *words))
                raise SettingError(f"{name}={word!r}: allowed are {allowed} ({error})") from None
        return networks

    def modules(self, name: str, help: str) -> list[str]:
        """Return a list of Python modules, not imported yet (their parents are). Raises SettingError for one that is not there."""
        modules = self.words(name, "", help)
        for module in modules:
            try:
                found = find_spec(module)
            except (ImportError, ValueError):
                found = None
            if found is None:
                raise SettingError(f"{name}={module!r}: Python finds no module of this name; it looks in the folder of manage.py first")
        return modules

    def path(self, name: str, default: str, help: str) -> Path:
        """Return an absolute path; a leading ~ is the home folder."""
        return Path(self._raw(name, default, help)).expanduser().resolve()

    def url(self, name: str, help: str, schemes: tuple[str, ...]) -> str:
        """Return a URL with one of the schemes, or an empty text when unset. Raises SettingError otherwise."""
        value = self._raw(name, "", help)
        if value and urlsplit(value).scheme not in schemes:
            # The value may hold a password, so the message does not repeat it.
            raise SettingError(f"{name}: must start with one of {', '.join(s + '://' for s in schemes)}")
        return value
