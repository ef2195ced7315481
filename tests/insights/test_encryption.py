"""Encryption at rest: only the same purpose and SECRET_KEY give back what was encrypted."""

from typing import Any

import pytest

from insights.encryption import NotDecryptable, decrypt, encrypt


def test_bytes_come_back() -> None:
    """What was encrypted is not readable, and decryption gives it back; equal bytes are encrypted differently each time."""
    encrypted = encrypt(b"a voice", "voices")
    assert b"voice" not in encrypted
    assert decrypt(encrypted, "voices") == b"a voice"
    assert encrypt(b"a voice", "voices") != encrypted


@pytest.mark.parametrize("damage", [b"", b"a voice", b"gAAAA"])
def test_other_bytes_are_refused(damage: bytes) -> None:
    """Bytes that were not encrypted, or were changed, raise NotDecryptable, which names the purpose."""
    with pytest.raises(NotDecryptable, match="voices"):
        decrypt(damage, "voices")


def test_purpose_and_key_must_be_the_same(settings: Any) -> None:
    """Each purpose has its own key, and each SECRET_KEY too."""
    encrypted = encrypt(b"a voice", "voices")
    with pytest.raises(NotDecryptable):
        decrypt(encrypted, "profiles")
    settings.SECRET_KEY = "k" * 50
    with pytest.raises(NotDecryptable):
        decrypt(encrypted, "voices")
