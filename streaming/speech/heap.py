"""Memory that was freed and that the C library keeps."""

import ctypes


def trim_heap() -> None:
    """Give freed memory back to the system: loading a model frees about 100 MB, which glibc would keep.

    Does nothing with other C libraries.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
