"""The recogniser of this process, chosen by the settings and loaded once, in a thread of its own."""

import logging
import threading
import time
from concurrent.futures import Future

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from streaming.speech import engines
from streaming.speech.end_of_turn import words_model
from streaming.speech.engines.base import Recogniser

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_loading: "Future[Recogniser] | None" = None


def check_setting() -> None:
    """Raise ImproperlyConfigured unless RECOGNISER names a class that can be used; this imports its module."""
    try:
        engines.engine_class(settings.RECOGNISER)
    except ValueError as error:
        raise ImproperlyConfigured(f"RECOGNISER={settings.RECOGNISER!r}: {error}") from error


def begin_loading() -> "Future[Recogniser]":
    """Start to load the recogniser if it is not loading or loaded; the future holds it, or the exception. A failed load is tried again."""
    global _loading
    with _lock:
        if _loading is None or (_loading.done() and _loading.exception() is not None):
            _loading = Future()
            _loading.set_running_or_notify_cancel()  # a session that waits for it and is cancelled must not cancel it for all others
            threading.Thread(
                target=_load, args=(_loading,), name="load-recogniser"
            ).start()  # no daemon: exiting while it loads would abort the process
        return _loading


def loaded() -> bool:
    """Return whether the recogniser is loaded and ready."""
    return _loading is not None and _loading.done() and _loading.exception() is None and _loading.result().ready


def languages() -> tuple[str, ...]:
    """Return the languages of the recogniser; before it is loaded, those that its class names."""
    if loaded():
        return tuple(begin_loading().result().languages)
    named = engines.engine_class(settings.RECOGNISER).languages
    return tuple(named) if isinstance(named, list | tuple) else ()  # a property has a value only in a loaded engine


def close() -> None:
    """Close the recogniser and its threads; the next use loads it again."""
    global _loading
    with _lock:
        loading, _loading = _loading, None
    if loading is not None and loading.exception() is None:
        loading.result().close()


def _load(future: "Future[Recogniser]") -> None:
    started = time.monotonic()
    try:
        recogniser = engines.make(
            settings.RECOGNISER,
            threads=settings.RECOGNISER_THREADS,
            models_dir=settings.DATA_DIR / "models",
            script=settings.RECOGNISER_SCRIPT,
        )
        recogniser.load()
        words_model()  # read now, so that no session waits for it
    except Exception as error:
        logger.error("the recogniser %s cannot be loaded: %s", settings.RECOGNISER, error)
        future.set_exception(error)
    else:
        model = getattr(recogniser, "model", Recogniser.model)  # an engine need not derive from Recogniser
        logger.info("the recogniser %s is ready: %s, loaded in %.1f s", settings.RECOGNISER, model, time.monotonic() - started)
        future.set_result(recogniser)
