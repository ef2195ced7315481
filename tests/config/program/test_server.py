"""The options of a program's own server that `parley run` keeps."""

import inspect
import logging

import pytest
import uvicorn

from config.program.server import TlsOptions
from config.program.uvicorn_calls import _kept


def test_uvicorn_has_the_options() -> None:
    """Each is a parameter of uvicorn under this name."""
    assert set(TlsOptions.__annotations__) <= set(inspect.signature(uvicorn.Config).parameters)


def test_the_options_of_tls_are_kept(caplog: pytest.LogCaptureFixture) -> None:
    """The address is that of the settings; a program is not reloaded, and the log says so."""
    with caplog.at_level(logging.WARNING):
        kept = _kept(
            {"host": "0.0.0.0", "port": 1, "reload": True, "ssl_keyfile": "key.pem", "ssl_certfile": "cert.pem", "ssl_ciphers": None}
        )
    assert kept == {"ssl_keyfile": "key.pem", "ssl_certfile": "cert.pem"}
    assert "does not reload" in caplog.text
