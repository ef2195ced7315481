"""Django's settings by subject, read through `config.env`.

`environment` declares what the environment may set; `manage.py settings_reference` generates `docs/reference/settings.md` from it.
"""

from config.settings.accounts import *  # noqa: F403
from config.settings.environment import *  # noqa: F403
from config.settings.logs import *  # noqa: F403
from config.settings.pages import *  # noqa: F403
from config.settings.storage import *  # noqa: F403
