"""What a loaded recogniser keeps in memory."""

import subprocess
import sys

MOST_MB = 200
"""The model's weights, packed for the processor, need 110 MB; with the bytes of its files and what loading freed it was 300 MB."""

PROGRAM = """
from pathlib import Path
from streaming.speech import engines

def private_mb():
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("RssAnon"))
    return int(line.split()[1]) / 1024

before = private_mb()
engine = engines.make("moonshine", threads=1, models_dir=Path("none"))
engine.load()
print(private_mb() - before)
engine.close()
"""


def test_a_loaded_recogniser_keeps_only_its_weights() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert 40 < float(done.stdout) < MOST_MB
