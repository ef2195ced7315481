"""Voice vectors as they are stored: packed, then encrypted for the one row that has them (`insights.encryption`)."""

import base64
import json
from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from insights.encryption import decrypt, encrypt


class VoiceVector(NamedTuple):
    """What is known of a voice: its vector, shape (dimensions,), and the seconds of speech from which it was computed."""

    values: NDArray[np.float32]
    seconds: float


def encrypted(vectors: Sequence[VoiceVector], profile_id: UUID) -> bytes:
    """Return vectors as the row of a profile stores them; the row of another profile cannot be read with them."""
    return encrypt(packed(vectors), _purpose(profile_id))


def decrypted(value: bytes, profile_id: UUID) -> list[VoiceVector]:
    """Return the vectors of `encrypted`. Raises NotDecryptable, which is a ValueError."""
    return unpacked(decrypt(value, _purpose(profile_id)))


def packed(vectors: Sequence[VoiceVector]) -> bytes:
    """Return vectors as bytes."""
    return json.dumps([[base64.b64encode(one.values.astype("<f4").tobytes()).decode(), round(one.seconds, 2)] for one in vectors]).encode()


def unpacked(content: bytes) -> list[VoiceVector]:
    """Return the vectors of `packed`. Raises ValueError."""
    try:
        return [VoiceVector(np.frombuffer(base64.b64decode(text), "<f4"), float(seconds)) for text, seconds in json.loads(content)]
    except (TypeError, ValueError):
        raise ValueError("the voice vectors are not valid") from None


def _purpose(profile_id: UUID) -> str:
    return f"voice profile {profile_id}"
