"""The folder of the installation's data."""

import os
import subprocess
import sys
from pathlib import Path

CODE = "import django; django.setup(); from django.db import connection; connection.ensure_connection(); connection.close()"


def test_it_is_made_where_it_is_missing(tmp_path: Path) -> None:
    """Also when the secret key comes from the environment, so that nothing but the database is to lie in it."""
    data = tmp_path / "deep" / "data"
    env = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "DATA_DIR": str(data), "SECRET_KEY": "x" * 50}
    subprocess.run([sys.executable, "-c", CODE], env=env, check=True)
    assert (data / "parley.sqlite3").exists()
    assert not (data / "secret_key").exists()
