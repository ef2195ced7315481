"""Encryption at rest of voices (biometric data) and of keys of second factors. The keys follow from SECRET_KEY: all processes can read it.

The key is in `SECRET_KEY` or `DATA_DIR/secret_key`, not in the database: a copy of the database alone discloses nothing.
"""

import base64
import hashlib
import hmac

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings


class NotDecryptable(ValueError):
    """The bytes are not what `encrypt` returned for this purpose with the present SECRET_KEY."""


def encrypt(plain: bytes, purpose: str) -> bytes:
    """Return bytes encrypted and signed (Fernet: AES-128-CBC, HMAC-SHA256). `purpose` names the table or kind; each has its own key."""
    return _cipher(purpose).encrypt(plain)


def decrypt(encrypted: bytes, purpose: str) -> bytes:
    """Return what was passed to `encrypt`. Raises NotDecryptable."""
    try:
        return _cipher(purpose).decrypt(encrypted)
    except InvalidToken:
        raise NotDecryptable(f"the stored {purpose} cannot be decrypted with this SECRET_KEY") from None


def _cipher(purpose: str) -> Fernet:
    key = hmac.new(settings.SECRET_KEY.encode(), f"parley encryption: {purpose}".encode(), hashlib.sha256).digest()
    return Fernet(base64.urlsafe_b64encode(key))
