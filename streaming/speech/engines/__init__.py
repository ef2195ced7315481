"""The speech engines, and how the setting RECOGNISER names one: by a short name, or by the path of a class."""

from inspect import signature
from pathlib import Path

from streaming.speech.engines.base import EngineOptions, Recogniser
from streaming.types.class_path import is_class_path, load_class

SHORT_NAMES = {
    "moonshine": "streaming.speech.engines.multilingual.MultilingualRecogniser",
    "scripted": "streaming.speech.engines.scripted.ScriptedRecogniser",
}
_REQUIRED = (*sorted(Recogniser.__abstractmethods__), "languages")


def engine_class(name: str) -> type[Recogniser]:
    """Return the class of a short name or dotted path; only its module is imported.

    The class need not derive from `Recogniser`, but must have all its methods. Raises ValueError, which says what is missing.
    """
    if name not in SHORT_NAMES and not is_class_path(name):
        raise ValueError(f"allowed are {', '.join(SHORT_NAMES)}, or the dotted path of a class, such as mycompany.speech.MyRecogniser")
    found = load_class(SHORT_NAMES.get(name, name))
    class_name = found.__name__
    abstract: frozenset[str] = getattr(found, "__abstractmethods__", frozenset())
    missing = sorted({required for required in _REQUIRED if not hasattr(found, required)} | abstract)
    if missing:
        raise ValueError(f"the class {class_name} lacks {', '.join(missing)} (see streaming.speech.engines.base.Recogniser)")
    try:
        signature(found).bind(None)
    except TypeError as error:
        raise ValueError(f"the class {class_name} must be made with one argument, EngineOptions ({error})") from error
    return found


def make(name: str, *, threads: int, models_dir: Path, script: str = "") -> Recogniser:
    """Return the recogniser of a short name or dotted path, not loaded yet; the other arguments are those of `EngineOptions`.

    Raises ValueError like `engine_class`.
    """
    return engine_class(name)(EngineOptions(threads, models_dir, script))  # type: ignore[call-arg]
