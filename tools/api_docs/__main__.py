"""`python -m tools.api_docs [--write]`: print docs/api.md, or write it."""

import argparse
import json
import sys
import tempfile
from pathlib import Path
from urllib.request import urlopen

from tests.servers import Server, migrated
from tools.api_docs.calls import CALLS
from tools.api_docs.page import page
from tools.api_docs.site import EMAIL, ENVIRONMENT, PAGE, new_walk


def generated(server: Server, folder: Path) -> str:
    """Return the page from the responses of a server with a worker and an empty database."""
    walk = new_walk(server, folder, EMAIL)
    with urlopen(f"{server.url}/api/openapi.json") as response:  # noqa: S310
        schema = json.load(response)
    return page(schema, walk.run(CALLS), server.url)


def main() -> None:
    """Start a server, and print or write the page."""
    arguments = argparse.ArgumentParser(prog="python -m tools.api_docs", description=main.__doc__)
    arguments.add_argument("--write", action="store_true", help="write docs/api.md instead of printing it")
    write = arguments.parse_args().write
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "data").mkdir()
        server = Server(migrated(folder / "data"), ENVIRONMENT, worker=True)
        server.start()
        try:
            text = generated(server, folder)
        finally:
            server.kill()
    if write:
        PAGE.write_text(text)
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
