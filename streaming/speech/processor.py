"""What the processor of this machine can do."""

from functools import cache
from pathlib import Path

_VNNI = frozenset({"avx512_vnni", "avx_vnni"})


@cache
def has_vnni(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Return whether this processor multiplies bytes without a sign by bytes with one, and adds the products, in one instruction.

    Without it onnxruntime needs two, and the first one saturates: results would be less accurate.
    """
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return False
    return any(not _VNNI.isdisjoint(line.split()) for line in lines if line.startswith("flags"))
