"""Schemathesis sends valid and invalid requests to every call of the API, to a real server with data in the account."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from tests.servers import ROOT
from tools.api_docs.walk import Walk

CONFIG = Path(__file__).with_name("schemathesis.toml")
HOOKS = "tests.openapi.hooks"
EXAMPLES = int(os.environ.get("PARLEY_TEST_EXAMPLES", "4"))
"""Requests to each call of each kind; CONTRIBUTING.md has the command with more."""
RUN_S = 500 * max(1, EXAMPLES // 4)
SEED = () if os.environ.get("PARLEY_TEST_RANDOM") else ("--seed", "1")
FUZZING = ("--max-examples", str(EXAMPLES), "--phases", "fuzzing")


def schemathesis(account: Walk, *arguments: str) -> None:
    """Run all checks of Schemathesis; fail with its report of failures."""
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
        *("run", f"{account.values['parley']}/api/openapi.json", "--header", f"Authorization: Bearer {account.values['token']}"),
        *("--no-color", "--continue-on-failure", *SEED, *arguments),
    ]
    ids = {name: value for name, value in account.values.items() if name.endswith("_id")}
    environment = {**os.environ, "SCHEMATHESIS_HOOKS": HOOKS, "PARLEY_TEST_IDS": json.dumps(ids), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=account.folder, env=environment, capture_output=True, text=True, timeout=RUN_S, check=False)
    kept = (line[:500] for line in done.stdout.splitlines() if re.match(r"\s*(____|- ST|Invalid|`|Received|\[\d|curl|❌)", line))
    assert done.returncode == 0, "\n".join(kept) or done.stdout[-3000:] + done.stderr[-3000:]


def test_calls_with_the_ids_of_the_account(account: Walk) -> None:
    """No call has an error that the schema does not name, takes what it forbids or refuses what it allows."""
    schemathesis(account, *FUZZING, "--exclude-method", "DELETE", "--exclude-path-regex", "^/oauth2/")


def test_calls_that_create_read_and_delete(account: Walk) -> None:
    """Calls in sequence, with the ids that earlier answers gave: what is deleted is gone, what is created is there."""
    schemathesis(account, "--max-examples", str(1 + EXAMPLES // 10), "--phases", "stateful")


def test_deletion_and_credentials(account: Walk) -> None:
    """The calls that delete, with unknown ids, and those that need no token."""
    schemathesis(account, *FUZZING, "--include-method", "DELETE")
    schemathesis(account, *FUZZING, "--include-path-regex", "^/oauth2/")
