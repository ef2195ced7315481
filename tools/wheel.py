"""The build hook of hatchling, which makes a wheel of Parley: `pip wheel .`, `pip install .`."""

import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class WheelContents(BuildHookInterface[Any]):
    """Adds files to the wheel under `parley/_lib`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Make the files that the repository does not have, and name all that the wheel gets."""
        sys.path.append(self.root)
        from tools import wheel_contents

        root, self._made = Path(self.root), Path(mkdtemp(prefix="parley-wheel-"))
        files = {**wheel_contents.files_of(root), **wheel_contents.make_files(root, self._made)}
        build_data["force_include"].update({str(file): inside for file, inside in files.items()})

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the files that were made."""
        shutil.rmtree(self._made, ignore_errors=True)
