"""Typed, documented settings from the environment. An invalid value raises SettingError with the name and what is allowed.

Every setting is declared once, with its default, what is allowed and one sentence of help. `Env.declared` is the list from which
`manage.py settings_reference` generates `docs/reference/settings.md`. It does not use Django.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

_DOTTED_PATH = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)+")
_HOST = re.compile(r"\*|\.?[a-z0-9]([a-z0-9.-]*[a-z0-9])?\.?|\[[0-9a-f:.]+\]", re.IGNORECASE)


class SettingError(Exception):
    """An environment variable holds a value that Parley cannot use; the text says which and what is allowed."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One declared environment variable: its name, its default as a person would type it, its help, what is allowed, its group."""

    name: str
    default: str
    help: str
    allowed: str
    group: str


class Env:
    """Reads declared settings from a mapping of strings (the process environment by default).

    `declared` has every setting in the order of the declarations; `group` is the heading for those that are declared next.
    """

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        self.declared: dict[str, Setting] = {}
        self.group = ""

    def elsewhere(self, name: str, help: str) -> None:
        """Declare a variable that other code reads where it needs it, so that the reference lists it."""
        self.declared[name] = Setting(name, "", help, "text", self.group)

    def _raw(self, name: str, default: str, help: str, allowed: str) -> str:
        self.declared[name] = Setting(name, default, help, allowed, self.group)
        value = self._values.get(name, "").strip()
        return value or default

    def text(self, name: str, default: str, help: str, *, allowed: str = "text") -> str:
        """Return the text of a setting; an empty variable counts as unset. `allowed` describes it for the reference."""
        return self._raw(name, default, help, allowed)

    def choice(self, name: str, default: str, allowed: tuple[str, ...], help: str) -> str:
        """Return one of the allowed words. Raises SettingError for any other."""
        value = self._raw(name, default, help, ", ".join(f"`{word}`" for word in allowed))
        if value not in allowed:
            raise SettingError(f"{name}={value!r}: allowed values are {', '.join(allowed)}")
        return value

    def class_path(self, name: str, default: str, short_names: tuple[str, ...], help: str) -> str:
        """Return one of the short names, or the dotted path of a class, not imported yet. Raises SettingError for anything else."""
        words = ", ".join(f"`{word}`" for word in short_names)
        value = self._raw(name, default, help, f"{words}, or the dotted path of a class")
        if value not in short_names and not _DOTTED_PATH.fullmatch(value):
            allowed = f"{', '.join(short_names)}, or the dotted path of a class, such as mycompany.speech.MyRecogniser"
            raise SettingError(f"{name}={value!r}: allowed values are {allowed}")
        return value

    def integer(self, name: str, default: int, help: str, *, least: int = 0, most: int = 2**31) -> int:
        """Return a whole number within [least, most]. Raises SettingError otherwise."""
        value = self._raw(name, str(default), help, f"whole number, {least} to {most}")
        try:
            number = int(value)
        except ValueError:
            raise SettingError(f"{name}={value!r}: a whole number from {least} to {most} is needed") from None
        if not least <= number <= most:
            raise SettingError(f"{name}={number}: allowed are {least} to {most}")
        return number

    def number(self, name: str, default: float, help: str, *, least: float, most: float) -> float:
        """Return a number within [least, most]. Raises SettingError otherwise."""
        value = self._raw(name, f"{default:g}", help, f"number, {least:g} to {most:g}")
        try:
            number = float(value)
        except ValueError:
            raise SettingError(f"{name}={value!r}: a number from {least:g} to {most:g} is needed") from None
        if not least <= number <= most:  # also refuses nan
            raise SettingError(f"{name}={value}: allowed are {least:g} to {most:g}")
        return number

    def flag(self, name: str, default: bool, help: str) -> bool:
        """Return true for 1, true, yes, on; false for 0, false, no, off. Raises SettingError otherwise."""
        value = self._raw(name, "1" if default else "0", help, "`1` or `0`").lower()
        if value in ("1", "true", "yes", "on"):
            return True
        if value in ("0", "false", "no", "off"):
            return False
        raise SettingError(f"{name}={value!r}: use 1 or 0")

    def words(self, name: str, default: str, help: str, *, starts: tuple[str, ...] = (), allowed: str = "") -> list[str]:
        """Return the comma-separated words of a setting, without empty ones. Raises SettingError for one that starts otherwise.

        `allowed` describes one word for the reference.
        """
        allowed = allowed or (f"each starts with {', '.join(f'`{start}`' for start in starts)}" if starts else "names")
        words = [word.strip() for word in self._raw(name, default, help, f"comma-separated; {allowed}").split(",") if word.strip()]
        for word in words:
            if starts and not word.startswith(starts):
                raise SettingError(f"{name}={word!r}: must start with one of {', '.join(starts)}")
        return words

    def hosts(self, name: str, default: str, help: str) -> list[str]:
        """Return the host names of a list. Raises SettingError for what no Host header can match, such as a URL or a name with a port."""
        hosts = self.words(name, default, help, allowed="host names, `.example.org`, IP addresses or `*`")
        for host in hosts:
            if not _HOST.fullmatch(host):
                allowed = "a host name such as talk.example.org, .example.org with all names below it, an IP address ([::1] for IPv6), or *"
                raise SettingError(f"{name}={host!r}: {allowed} is needed, without scheme, port or path")
        return hosts

    def networks(self, name: str, help: str, *, words: tuple[str, ...] = ()) -> list[IPv4Network | IPv6Network | str]:
        """Return the IP addresses and networks of a list, and the words that are allowed beside them. Raises SettingError otherwise."""
        networks: list[IPv4Network | IPv6Network | str] = []
        for word in self.words(name, "", help, allowed=", ".join(("IP addresses or networks", *(f"`{word}`" for word in words)))):
            try:
                networks.append(word if word in words else ip_network(word))
            except ValueError as error:
                allowed = ", ".join(("an IP address such as 10.0.0.5", "a network such as 10.0.0.0/24", *words))
                raise SettingError(f"{name}={word!r}: allowed are {allowed} ({error})") from None
        return networks

    def addresses(self, name: str, help: str) -> list[str]:
        """Return the IP addresses of a list, in their usual form. Raises SettingError for anything else, such as a host name."""
        addresses: list[str] = []
        for word in self.words(name, "", help, allowed="IP addresses"):
            try:
                addresses.append(str(ip_address(word)))
            except ValueError:
                raise SettingError(f"{name}={word!r}: an IP address such as 203.0.113.5 or 2001:db8::5 is needed") from None
        return addresses

    def port_range(self, name: str, help: str) -> range:
        """Return the ports from the first to the last one, or an empty range when unset. Raises SettingError otherwise."""
        value = self._raw(name, "", help, "first and last port, 1024 to 65535")
        if not value:
            return range(0)
        first, _, last = (part.strip() for part in value.partition("-"))
        if not (first.isdecimal() and last.isdecimal() and 1024 <= int(first) <= int(last) <= 65535):
            raise SettingError(f"{name}={value!r}: the first and the last port from 1024 to 65535 are needed, such as 50000-50199")
        return range(int(first), int(last) + 1)

    def modules(self, name: str, help: str) -> list[str]:
        """Return a list of Python modules, not imported yet (their parents are). Raises SettingError for one that is not there."""
        modules = self.words(name, "", help, allowed="Python modules")
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
        return Path(self._raw(name, default, help, "folder")).expanduser().resolve()

    def file(self, name: str, help: str) -> str:
        """Return the path of an existing file, or an empty text when unset. Raises SettingError for a file that does not exist."""
        value = self._raw(name, "", help, "file")
        if value and not Path(value).expanduser().is_file():
            raise SettingError(f"{name}={value!r}: there is no such file")
        return str(Path(value).expanduser()) if value else ""

    def url(self, name: str, help: str, schemes: tuple[str, ...]) -> str:
        """Return a URL with one of the schemes, or an empty text when unset. Raises SettingError otherwise."""
        value = self._raw(name, "", help, f"URL that starts with {', '.join(f'`{scheme}://`' for scheme in schemes)}")
        if value and urlsplit(value).scheme not in schemes:
            # The value may hold a password, so the message does not repeat it.
            raise SettingError(f"{name}: must start with one of {', '.join(s + '://' for s in schemes)}")
        return value
