"""What the system says about other processes."""

from pathlib import Path


def priorities(pid: int) -> set[int]:
    """Return the nice values of all threads of a process."""
    found = set()
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        try:
            found.add(int(stat.read_text().rpartition(")")[2].split()[16]))
        except FileNotFoundError:
            continue  # the thread has ended
    return found


def children(pid: int) -> list[int]:
    """Return the ids of the processes that the threads of a process started and that run."""
    found = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(one) for one in file.read_text().split()]
    return found
