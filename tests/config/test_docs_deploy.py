"""nginx, Caddy and systemd accept the examples of docs/operate/deploy.md, and nginx works as the page says."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from config.env import Env
from tests.servers import ROOT, Server, copied, free_port

PAGE = (ROOT / "docs" / "operate" / "deploy.md").read_text()


def example(language: str, word: str) -> str:
    """Return the example in a language that contains a word."""
    [found] = [text for text in re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL) if word in text]
    return str(found)


def run(*command: str, folder: Path) -> "subprocess.CompletedProcess[str]":
    """Run a program and return its result."""
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)


def nginx_config(folder: Path, listen: str, ports: tuple[int, int] = (8000, 8001)) -> Path:
    """Write the example with a temporary certificate and a main file that needs no root, and return that file."""
    if missing := [program for program in ("nginx", "openssl") if shutil.which(program) is None]:
        pytest.skip(f"{', '.join(missing)} not installed")
    names = ("-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=talk.example.org", "-days", "1", "-nodes")
    assert run("openssl", "req", "-x509", "-newkey", "rsa:2048", *names, folder=folder).returncode == 0
    config = example("nginx", "upstream")
    places = {"/etc/ssl/talk.example.org.pem": f"{folder}/cert.pem", "/etc/ssl/talk.example.org.key": f"{folder}/key.pem"}
    for old, new in (places | {"listen 443": f"listen {listen}", ":8000": f":{ports[0]}", ":8001": f":{ports[1]}"}).items():
        assert old in config
        config = config.replace(old, new)
    paths = "".join(f"{kind}_temp_path {folder}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    file = folder / "nginx.conf"
    main = f"daemon off;\nmaster_process off;\npid {folder}/pid;\nerror_log stderr;\nevents {{}}\n"
    file.write_text(f"{main}http {{\naccess_log off;\n{paths}{config}}}\n")
    return file


def test_nginx_accepts_the_example(tmp_path: Path) -> None:
    """`nginx -t` reports no error."""
    file = nginx_config(tmp_path, f"unix:{tmp_path}/socket")
    done = run("nginx", "-t", "-p", str(tmp_path), "-c", str(file), folder=tmp_path)
    assert "test is successful" in done.stderr, done.stderr
    assert "[warn]" not in done.stderr


@pytest.fixture
def site(tmp_path: Path, migrated_data: Path) -> Iterator[str]:
    """Run uvicorn with the settings of the page behind nginx with the example, and yield its URL."""
    port = free_port()
    settings = dict(line.split("=", 1) for line in example("ini", "DATABASE_URL").splitlines())
    chosen = {name: settings[name] for name in ("ALLOWED_HOSTS", "TRUSTED_ORIGINS", "SECURE_COOKIES", "TRUSTED_PROXIES")}
    server = Server(copied(migrated_data, tmp_path / "data"), {"RECOGNISER": "scripted", **chosen}, "uvicorn")
    server.port = free_port()
    file = nginx_config(tmp_path, f"127.0.0.1:{port}", (server.port, server.port))
    server.start()
    nginx = subprocess.Popen(["nginx", "-p", str(tmp_path), "-c", str(file)], stderr=subprocess.DEVNULL)
    try:
        yield f"https://127.0.0.1:{port}"
    finally:
        nginx.terminate()
        nginx.wait(30)
        server.kill()


def client(address: str) -> httpx.Client:
    """Return a client that connects from a local address and uses the site's host name."""
    transport = httpx.HTTPTransport(verify=False, local_address=address, retries=20)  # nginx may not listen yet
    return httpx.Client(transport=transport, headers={"Host": "talk.example.org"}, timeout=60)


def test_nginx_passes_on_the_client_address(site: str) -> None:
    """Limits apply to one address, whatever header it sends, and not to another; pages and cookies are those of HTTPS."""
    wrong = {"type": "application", "appId": "0" * 64, "appSecret": "1" * 128}
    with client("127.0.0.1") as first, client("127.0.0.2") as second:
        page = first.get(f"{site}/api/docs")
        assert page.status_code == 200
        assert "max-age" in page.headers["Strict-Transport-Security"]
        statuses = [
            first.post(f"{site}/oauth2/token:generate", json=wrong, headers={"X-Forwarded-For": f"10.1.1.{n}"}).status_code
            for n in range(22)
        ]
        assert statuses == [401] * 20 + [429] * 2
        assert second.post(f"{site}/oauth2/token:generate", json=wrong).status_code == 401


def test_caddy_accepts_the_example(tmp_path: Path) -> None:
    """`caddy validate` accepts the example, without a certificate authority."""
    if shutil.which("caddy") is None:
        pytest.skip("caddy not installed")
    (tmp_path / "Caddyfile").write_text(example("caddy", "reverse_proxy").replace("talk.example.org", "http://talk.example.org"))
    done = run("caddy", "validate", "--adapter", "caddyfile", "--config", str(tmp_path / "Caddyfile"), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Valid configuration" in done.stdout + done.stderr


def test_systemd_accepts_the_unit(tmp_path: Path) -> None:
    """The unit is valid with the paths and the user of this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze not installed")
    unit = example("ini", "[Service]").replace("/opt/parley", str(ROOT)).replace("User=parley\n", "")
    (tmp_path / "parley@.service").write_text(unit)
    instance = tmp_path / "parley@8000.service"
    instance.symlink_to("parley@.service")
    done = run("systemd-analyze", "verify", "--man=no", str(instance), folder=tmp_path)
    complaints = [line for line in done.stderr.splitlines() if "parley@" in line]
    assert complaints == []


def test_the_settings_of_the_example_are_valid() -> None:
    """The server accepts each setting."""
    lines = dict(line.split("=", 1) for line in example("ini", "DATABASE_URL").splitlines())
    env = Env(lines)
    assert env.url("DATABASE_URL", "", ("postgres",)) == "postgres:///parley"
    assert env.hosts("ALLOWED_HOSTS", "", "") == ["talk.example.org"]
    assert [str(network) for network in env.networks("TRUSTED_PROXIES", "")] == ["127.0.0.1/32"]
    assert env.flag("SECURE_COOKIES", False, "")
