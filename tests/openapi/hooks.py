"""Ids of the account in the paths of calls that delete nothing; Schemathesis imports this."""

import json
import os
from typing import Any

import schemathesis

IDS: dict[str, str] = json.loads(os.environ.get("PARLEY_TEST_IDS", "{}"))


@schemathesis.hook
def map_path_parameters(context: schemathesis.HookContext, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    """Replace the parameters of a path that the account has."""
    if not path_parameters or context.operation is None or context.operation.method.upper() == "DELETE":
        return path_parameters
    return {name: IDS.get(name, value) for name, value in path_parameters.items()}
