"""Stylesheets and scripts are sent with gzip to clients that accept it."""

import gzip
from pathlib import Path

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parent.parent.parent
NAME = "parley/js/live.js"
CONTENT = (ROOT / "insights" / "static" / NAME).read_bytes()


@pytest.mark.parametrize("accepted", ["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.5"])
def test_a_script_is_compressed(client: Client, accepted: str) -> None:
    """It has less than half of its size, and a client that has it already gets nothing."""
    response = client.get(f"/static/{NAME}", headers={"Accept-Encoding": accepted})
    assert response.headers["Content-Encoding"] == "gzip"
    assert response.headers["Vary"] == "Accept-Encoding"
    assert response.headers["Content-Type"] == 'text/javascript; charset="utf-8"'
    assert gzip.decompress(response.content) == CONTENT
    assert int(response.headers["Content-Length"]) == len(response.content) < len(CONTENT) / 2
    again = client.get(f"/static/{NAME}", headers={"Accept-Encoding": accepted, "If-None-Match": response.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("headers", [{}, {"Accept-Encoding": "br, gzip;q=0"}, {"Accept-Encoding": "identity"}])
def test_other_clients_get_it_as_it_is(client: Client, headers: dict[str, str]) -> None:
    """A cache between must not give them the compressed one."""
    response = client.get(f"/static/{NAME}", headers=headers)
    assert "Content-Encoding" not in response.headers
    assert response.headers["Vary"] == "Accept-Encoding"
    assert b"".join(response.streaming_content) == CONTENT


def test_parts_and_pictures_are_as_they_are(client: Client) -> None:
    """A range counts the bytes of the file; pictures are compressed already."""
    part = client.get(f"/static/{NAME}", headers={"Accept-Encoding": "gzip", "Range": "bytes=3-7"})
    assert part.status_code == 206
    assert b"".join(part.streaming_content) == CONTENT[3:8]
    picture = client.get("/static/parley/icons/any-192.png", headers={"Accept-Encoding": "gzip"})
    assert not {"Content-Encoding", "Vary"} & set(picture.headers)
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")
