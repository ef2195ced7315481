"""The speech engines, and how the setting RECOGNISER names one: by a short name, or by the dotted path of a class."""

from importlib import import_module
from inspect import signature
from pathlib import Path

from streaming.speech.engines.base import EngineOptions, Recogniser

SHORT_NAMES = {
    "moonshine": "streaming.speech.engines.multilingual.MultilingualRecogniser",
    "scripted": "streaming.speech.engines.scripted.ScriptedRecogniser",
}
_REQUIRED = (*sorted(Recogniser.__abstractmethods__), "languages")


def engine_class(name: str) -> type[Recogniser]:
    """Return the class of a short name or dotted path; only its module is imported.

    The class need not derive from `Recogniser`, but must have all its methods. Raises ValueError, which says what is missing.
    """
    module_name, _, class_name = SHORT_NAMES.get(name, name).rpartition(".")
    if not module_name:
        raise ValueError(f"allowed are {', '.join(SHORT_NAMES)}, or the dotted path of a class, such as mycompany.speech.MyRecogniser")
    try:
        module = import_module(module_name)
    except Exception as error:  # the module is another author's: it may raise anything
        raise ValueError(f"the module {module_name} cannot be imported ({type(error).__name__}: {error})") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ValueError(f"the module {module_name} has no class {class_name}")
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
