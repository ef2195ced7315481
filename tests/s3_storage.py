"""The storage settings of an installation with a bucket of an S3-compatible service, for tests in one process."""

from typing import Any

import pytest

from config.settings import storage
from tests.servers import free_port


def unreachable_bucket(patch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the settings of a storage whose service refuses connections."""
    options = {"BUCKET": "talks", "URL": f"http://127.0.0.1:{free_port()}", "REGION": "us-east-1", "KEY_ID": "key", "SECRET": "secret"}
    for name, value in options.items():
        patch.setattr(storage, f"AUDIO_S3_{name}", value)
    return storage._private_storage("unused", "")
