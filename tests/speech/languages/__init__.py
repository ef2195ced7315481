"""German, French and Spanish speech for tests: `de_a` … `es_b`, mono Opus, each with the sentences of `SAID`.

SVOX Pico (Debian's package libttspico-utils, Apache License 2.0) spoke them: `pico2wave -l de-DE -w de_a.wav "…"`. The clips are in the
public domain (CC0 1.0). They are synthetic: word errors of real speech are higher.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.speech import RATE, decoded

FOLDER = Path(__file__).resolve().parent
PCM_RATE = 16_000
PAUSE_S = 0.8
SAID = {
    "de_a": "Guten Morgen zusammen. Der Vertrag mit der Firma Becker ist fertig. Ich schicke Ihnen den Bericht bis Freitag.",
    "de_b": "Wann kommt die Lieferung aus Hamburg an? Das Projekt kostet zwölftausend Euro.",
    "de_c": "Wir treffen uns nächste Woche noch einmal.",
    "fr_a": "Bonjour à tous. Le contrat est prêt. Je vous envoie le rapport demain.",
    "fr_b": "Pourquoi la livraison est en retard ?",
    "es_a": "Buenos días. El contrato está listo. Voy a enviar el informe mañana.",
    "es_b": "¿Cuándo llega el pedido?",
}


def clip(name: str) -> NDArray[np.int16]:
    """Return a clip as int16 of shape (n,) at 16 kHz; it has no sound above 8 kHz."""
    return np.ascontiguousarray(decoded(FOLDER / f"{name}.ogg")[:: RATE // PCM_RATE], dtype="<i2")


def spoken(*names: str) -> bytes:
    """Return these clips one after the other as LINEAR16 at 16 kHz, with pauses around them."""
    pause = bytes(2 * int(PAUSE_S * PCM_RATE))
    return pause + b"".join(clip(name).tobytes() + pause for name in names)
