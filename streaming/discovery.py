"""Finds the streams of this installation: every `Stream` in the module `streams` of an installed app, and those of a program that
`parley run` runs.
"""

import importlib
import re
from collections import ChainMap
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from types import MappingProxyType

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from streaming import recogniser, speaker_models
from streaming.handlers.stream import Stream

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_of_program: dict[str, Stream] = {}
is_local: ContextVar[bool] = ContextVar("is_local", default=False)
"""Whether a request comes from this machine to a server that only this machine reaches, so that it may use the program's streams without
an account; set for each request by config/program/local_access.py."""


def add_of_program(stream: Stream) -> None:
    """Add a stream of the program that `parley run` runs; it replaces one of an app with the same name."""
    _check(stream, _of_program, "the program")
    _of_program[stream.name] = stream


@lru_cache(maxsize=1)
def streams() -> Mapping[str, Stream]:
    """Return all streams by name, those of a program first. Raises ImproperlyConfigured for a name that is taken or invalid in a URL."""
    found: dict[str, Stream] = {}
    for app in apps.get_app_configs():
        if app.module is None or not module_has_submodule(app.module, "streams"):
            continue
        module = importlib.import_module(f"{app.name}.streams")
        for variable, stream in vars(module).items():
            if isinstance(stream, Stream) and stream not in found.values():
                own = app.label if variable == "stream" else variable
                stream.name = stream.name or own.lower().replace("_", "-")
                _check(stream, found, module.__name__)
                found[stream.name] = stream
    return MappingProxyType(ChainMap(_of_program, found))


def mounts() -> dict[str, str]:
    """Return the extra paths at which streams are mounted, with the stream names; `Stream.mount` is too late after this call.

    Raises ImproperlyConfigured for a path that is taken.
    """
    found: dict[str, str] = {}
    for name, stream in streams().items():
        for path in stream.paths:
            if path in found or path.split("/")[0] == "streams":
                raise ImproperlyConfigured(f"the stream {name!r} cannot be mounted at {path!r}: that is taken")
            found[path] = name
    Stream.routed = True
    return found


def check_settings() -> None:
    """Raise ImproperlyConfigured if RECOGNISER, SPEAKER_MODELS, DEFAULT_STREAM or STREAMS_PUBLIC names something that is not there."""
    recogniser.check_setting()
    speaker_models.check_setting()
    for setting, names in {"DEFAULT_STREAM": [settings.DEFAULT_STREAM], "STREAMS_PUBLIC": settings.STREAMS_PUBLIC}.items():
        for name in names:
            if name not in streams():
                raise ImproperlyConfigured(f"{setting}: there is no stream {name!r}; there are {', '.join(sorted(streams()))}")


def is_public(stream: Stream) -> bool:
    """Return whether the current request may use a stream without signing in."""
    return stream.public or stream.name in settings.STREAMS_PUBLIC or (is_local.get() and _of_program.get(stream.name) is stream)


def _check(stream: Stream, found: Mapping[str, Stream], module: str) -> None:
    if not _NAME.fullmatch(stream.name):
        raise ImproperlyConfigured(f"{module}: a stream's name has small letters, digits and hyphens, unlike {stream.name!r}")
    if stream.name in found:
        raise ImproperlyConfigured(f"{module}: there is another stream {stream.name!r}; give this one a name of its own, name=...")
