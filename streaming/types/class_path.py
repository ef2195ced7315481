"""Loads the class that a path names: `package.module:Class`, as entry points write it, or `package.module.Class`."""

from importlib import import_module


def is_class_path(name: str) -> bool:
    """Return whether a name is a path of a class, not a short name."""
    return ":" in name or "." in name


def load_class(path: str) -> type:
    """Return the class that a path names; only its module is imported.

    Raises ValueError, which says whether the module or the class is missing.
    """
    module_name, _, class_name = path.rpartition(":") if ":" in path else path.rpartition(".")
    if not module_name or not class_name.isidentifier():
        raise ValueError(f"{path!r} is no path of a class, such as mycompany.speech:MyModel")
    try:
        module = import_module(module_name)
    except Exception as error:  # the module is another author's: it may raise anything
        raise ValueError(f"the module {module_name} cannot be imported ({type(error).__name__}: {error})") from error
    found = getattr(module, class_name, None)
    if not isinstance(found, type):
        raise ValueError(f"the module {module_name} has no class {class_name}")
    return found
