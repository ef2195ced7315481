"""The speaker models of this process, chosen by the settings and loaded once, when somebody first needs them."""

import logging
import threading
import time
from concurrent.futures import Future
from importlib import import_module

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from streaming.speech.heap import trim_heap
from streaming.speech.speakers.types import SpeakerModels

logger = logging.getLogger(__name__)

NONE = "none"
"""The value of the setting with which speakers are not told apart."""
SHORT_NAMES = {"community": "streaming.speech.speakers.pyannote_models.CommunityModels"}
_REQUIRED = tuple(name for name, value in vars(SpeakerModels).items() if not name.startswith("_") and callable(value))

_lock = threading.Lock()
_loading: "Future[SpeakerModels] | None" = None


class SpeakersOff(Exception):
    """Speakers in one audio source are not told apart here; the text says why."""


def check_setting() -> None:
    """Raise ImproperlyConfigured unless SPEAKER_MODELS is `none` or names a class that can be used; this imports its module."""
    if settings.SPEAKER_MODELS != NONE:
        try:
            models_class(settings.SPEAKER_MODELS)
        except ValueError as error:
            raise ImproperlyConfigured(f"SPEAKER_MODELS={settings.SPEAKER_MODELS!r}: {error}") from error


def models_class(name: str) -> type[SpeakerModels]:
    """Return the class of a short name or dotted path. Raises ValueError, which says what is missing."""
    module_name, _, class_name = SHORT_NAMES.get(name, name).rpartition(".")
    try:
        module = import_module(module_name)
    except Exception as error:  # the module is another author's: it may raise anything
        raise ValueError(f"the module {module_name} cannot be imported ({type(error).__name__}: {error})") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ValueError(f"the module {module_name} has no class {class_name}")
    missing = [method for method in _REQUIRED if not callable(getattr(found, method, None))]
    if missing:
        raise ValueError(f"the class {class_name} lacks {', '.join(missing)} (see streaming.speech.speakers.types.SpeakerModels)")
    return found


def model_name() -> str:
    """Return the name of the models; vectors of models with different names cannot be compared."""
    return str(settings.SPEAKER_MODELS)


def begin_loading() -> "Future[SpeakerModels]":
    """Start to load the models if they are not loading or loaded; the future holds them, or the exception. A failed load is tried again.

    The exception is SpeakersOff if they are switched off or cannot be loaded.
    """
    global _loading
    with _lock:
        if _loading is None or (_loading.done() and _loading.exception() is not None):
            _loading = Future()
            _loading.set_running_or_notify_cancel()  # a session that waits for it and is cancelled must not cancel it for all others
            threading.Thread(target=_load, args=(_loading,), name="load-speaker-models").start()
        return _loading


def forget() -> None:
    """Drop the models; the next use loads them again."""
    global _loading
    with _lock:
        _loading = None


def _load(future: "Future[SpeakerModels]") -> None:
    if settings.SPEAKER_MODELS == NONE:
        future.set_exception(SpeakersOff("speakers in one audio source are not told apart on this server"))
        return
    started = time.monotonic()
    try:
        models = models_class(settings.SPEAKER_MODELS)()
    except Exception as error:
        logger.error("the speaker models %s cannot be loaded: %s", settings.SPEAKER_MODELS, error)
        future.set_exception(SpeakersOff("the models that tell speakers apart cannot be loaded on this server"))
    else:
        trim_heap()
        logger.info("the speaker models %s are ready, loaded in %.1f s", settings.SPEAKER_MODELS, time.monotonic() - started)
        future.set_result(models)
