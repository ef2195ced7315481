"""Guess secrets and passwords, over HTTP, and report where the server stops it and whether the owner still gets in.

Run `python -m tests.attacks.guessing --server daphne|uvicorn`. Each attack has accounts of its own; every request goes to 127.0.0.1,
and the addresses of other clients are those of 127.0.0.0/8. Some 200 wrong tries; a password costs the server about half a second.
"""

import argparse
import http.client
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

from tests.servers import ROOT, Server, migrated

ANSWER_S = 180
"""An attack with many requests in parallel may keep all of them waiting."""
PASSWORD = "correct horse battery"
ACCOUNTS = """
from django.contrib.auth.models import User
for name in ("boss", "owner", "other"):
    user, _ = User.objects.get_or_create(username=f"{name}@example.com", defaults={"email": f"{name}@example.com"})
    user.set_password("correct horse battery")
    user.save()
"""


class Client:
    """One HTTP client: its source address, an X-Forwarded-For header if any, and the cookies of its form."""

    def __init__(self, server: Server, source: str = "127.0.0.1") -> None:
        self._server = server
        self._source = source

    def request(self, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, str]:
        """Send one request on its own connection; return status, Set-Cookie headers and body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=ANSWER_S, source_address=(self._source, 0))
        try:
            connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            return answer.status, "; ".join(answer.headers.get_all("Set-Cookie") or []), answer.read().decode()
        finally:
            connection.close()

    def token(self, app_id: str, secret: str, forwarded: str = "") -> int:
        """Return the status of POST /oauth2/token:generate."""
        headers = {"X_Forwarded_For": forwarded} if forwarded else {}
        body = json.dumps({"type": "application", "appId": app_id, "appSecret": secret})
        return self.request("POST", "/oauth2/token:generate", body, Content_Type="application/json", **headers)[0]

    def sign_in(self, email: str, password: str, forwarded: str = "") -> int:
        """Return the status of a sign-in: 302 for success, 200 for failure, 429 at a limit."""
        headers = {"X_Forwarded_For": forwarded} if forwarded else {}
        status, cookies, page = self.request("GET", "/signin/", **headers)
        cookie = re.search(r"csrftoken=\w+", cookies)
        field = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
        if not cookie or not field:
            raise RuntimeError(f"the sign-in page has no form: {status} {page[:200]}")
        form = urlencode({"csrfmiddlewaretoken": field[1], "username": email, "password": password})
        kind = "application/x-www-form-urlencoded"
        return self.request("POST", "/signin/", form, Content_Type=kind, Cookie=cookie[0], **headers)[0]


def _report(name: str, statuses: list[int]) -> None:
    limited = statuses.index(429) + 1 if 429 in statuses else None
    print(f"{name}: {dict(Counter(statuses))}, first 429 at try {limited}", flush=True)


def attack(server: Server) -> None:
    """Run every attack and print one line for each."""
    app = json.loads(server.manage("createapp", "--email", "owner@example.com", "--json"))
    local = Client(server)
    _report("25 wrong secrets, rotating X-Forwarded-For", [local.token(app["appId"], "wrong", f"10.1.{n}.7") for n in range(25)])
    other = json.loads(server.manage("createapp", "--email", "other@example.com", "--json"))
    with_port = [local.token(other["appId"], "wrong", f"10.2.{n}.7:{5000 + n}") for n in range(25)]
    _report("25 wrong secrets, rotating X-Forwarded-For with a port", with_port)
    boss = [local.sign_in("boss@example.com", "wrong", f"10.3.{n}.7") for n in range(24)]
    _report("24 wrong passwords for one account, rotating X-Forwarded-For", boss)
    with ThreadPoolExecutor(60) as pool:
        parallel = list(pool.map(lambda n: Client(server, "127.0.5.1").sign_in("other@example.com", f"wrong {n}"), range(60)))
    print("60 wrong passwords for one account in parallel:", dict(Counter(parallel)), flush=True)
    sprayer = Client(server, "127.0.2.1")
    _report("spraying 60 accounts from one address", [sprayer.sign_in(f"person{n}@example.com", "wrong") for n in range(60)])
    many = [Client(server, f"127.0.3.{n + 1}").sign_in("owner@example.com", "wrong") for n in range(60)]
    _report("60 wrong passwords for one account from 60 addresses", many)
    again = [Client(server, f"127.0.3.{n % 2 + 1}").sign_in("owner@example.com", "wrong") for n in range(12)]
    _report("then 6 more from each of two of them", again)
    print("its owner, right password, from a new address:", Client(server, "127.0.4.1").sign_in("owner@example.com", PASSWORD))
    print("its owner, right password, from the sprayer's address:", sprayer.sign_in("owner@example.com", PASSWORD))


def take_over(server: Server) -> None:
    """Try to become administrator on a server with an app and without a password."""
    local = Client(server)
    status, cookies, page = local.request("GET", "/welcome/")
    cookie, field = re.search(r"csrftoken=\w+", cookies), re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)
    if not cookie or not field:
        print("take over an installation with apps only: GET /welcome/", status)
        return
    person = {"name": "Eve", "email": "owner@example.com", "password": PASSWORD, "again": PASSWORD}
    form = urlencode({"csrfmiddlewaretoken": field[1], **person})
    kind = "application/x-www-form-urlencoded"
    posted, _, _ = local.request("POST", "/welcome/", form, Content_Type=kind, Cookie=cookie[0])
    print("take over an installation with apps only: GET /welcome/", status, "POST", posted, "(302 is success)")


def main() -> None:
    """Start the server, attack it, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", choices=("daphne", "uvicorn"), default="daphne")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parley-attack-") as folder:
        server = Server(migrated(Path(folder) / "data"), {"RECOGNISER": "scripted"}, options.server)
        server.manage("createapp", "--email", "owner@example.com", "--json")
        server.start()
        try:
            take_over(server)
            subprocess.run([sys.executable, "manage.py", "shell", "-c", ACCOUNTS], cwd=ROOT, env=server.environment, check=True)
            attack(server)
        except Exception:
            print("".join(server.output)[-5000:], file=sys.stderr)
            raise
        finally:
            server.kill()


if __name__ == "__main__":
    main()
