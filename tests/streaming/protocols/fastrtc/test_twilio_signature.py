"""Twilio's signature, tested with Twilio's published examples."""

import base64
import hashlib
import hmac

import pytest

from streaming.protocols.fastrtc import is_signed
from streaming.protocols.fastrtc.twilio_signature import signature

TOKEN = "12345"
HOST, PATH = "mycompany.com", "/myapp.php?foo=1&bar=2"
FIELDS = {"Digits": ["1234"], "To": ["+18005551212"], "CallSid": ["CA1234567890ABCDE"]}


@pytest.mark.parametrize(
    ("caller", "wanted"), [("+14158675309", "RSOYDt4T1cUTdK1PDd93/VVr8B8="), ("+12349013030", "0/KCTR6DLpKmkAf8muzZqo1nDgQ=")]
)
def test_the_published_examples(caller: str, wanted: str) -> None:
    """The signatures of both editions of the manual are correct."""
    fields = {**FIELDS, "From": [caller], "Caller": [caller]}
    assert signature(TOKEN, f"https://{HOST}{PATH}", fields) == wanted
    assert is_signed(TOKEN, ("https", "http"), HOST, PATH, fields, wanted)


def test_the_signature_is_of_one_request() -> None:
    """Another token, host, path, query or field has another signature."""
    given = signature(TOKEN, f"https://{HOST}{PATH}", FIELDS)
    assert is_signed(TOKEN, ("https",), HOST, PATH, FIELDS, given)
    assert not is_signed("12346", ("https",), HOST, PATH, FIELDS, given)
    assert not is_signed(TOKEN, ("https",), "mallory.example.com", PATH, FIELDS, given)
    assert not is_signed(TOKEN, ("https",), HOST, "/myapp.php?foo=1", FIELDS, given)
    assert not is_signed(TOKEN, ("https",), HOST, PATH, {**FIELDS, "Digits": ["1235"]}, given)
    for nothing in ("", "é", given[:-1], given.lower()):
        assert not is_signed(TOKEN, ("https",), HOST, PATH, FIELDS, nothing)


@pytest.mark.parametrize("signed", ["mycompany.com", "mycompany.com:443", "mycompany.com:8443"])
def test_the_port_is_optional(signed: str) -> None:
    """A signature with or without the port is accepted."""
    given = signature(TOKEN, f"wss://{signed}/telephone/handler", {})
    hosts = ("mycompany.com:8443",) if signed.endswith("8443") else ("mycompany.com", "mycompany.com:8443")
    for host in hosts:
        assert is_signed(TOKEN, ("wss", "ws"), host, "/telephone/handler", {}, given)


def test_a_handshake_may_have_a_slash_at_the_end() -> None:
    """The signed URL of a handshake may end in a slash; that of a request may not."""
    assert is_signed(TOKEN, ("wss",), HOST, "/handler", {}, signature(TOKEN, f"wss://{HOST}/handler/", {}))
    assert not is_signed(TOKEN, ("https",), HOST, "/handler", {}, signature(TOKEN, f"https://{HOST}/handler/", {}))


def test_a_field_that_comes_twice() -> None:
    """Each different value counts once, in order."""
    text = f"https://{HOST}/aMedia1Media2Note"
    wanted = base64.b64encode(hmac.new(b"12345", text.encode(), hashlib.sha1).digest()).decode()
    assert is_signed(TOKEN, ("https",), HOST, "/a", {"Note": [""], "Media": ["2", "1", "2"]}, wanted)
