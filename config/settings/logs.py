"""The log: one line for each record, on standard error, without tokens."""

import sys
from typing import Any

from config.settings.environment import LOG_LEVEL

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "hide_tokens": {"()": "config.log_filters.HideTokens"},
        "one_line": {"()": "config.log_filters.OneLine"},
        "rate_limit": {"()": "config.log_filters.LogRateLimit"},
        "no_connection_lines": {"()": "config.log_filters.DropConnectionLines"},
    },
    "formatters": {"line": {"()": "config.log_filters.SafeFormatter", "format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["one_line", "hide_tokens", "rate_limit"],
            "stream": sys.stderr,
        }
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "daphne": {"level": "WARNING"},
        "aioice": {"level": "WARNING"},
        "aiortc": {"level": "WARNING"},
        "httpx": {"level": "WARNING"},  # at INFO it logs URLs, which may hold secrets of webhooks
        "httpcore": {"level": "WARNING"},  # at DEBUG it logs headers
        "django.request": {"level": "ERROR"},  # streaming.transports.request_log logs 4xx, with address and user
        # uvicorn has its own handler and format; at DEBUG it logs WebSocket messages, which hold spoken words
        "uvicorn": {"handlers": [], "level": "INFO" if LOG_LEVEL == "DEBUG" else LOG_LEVEL, "propagate": True},
        "uvicorn.error": {"filters": ["no_connection_lines"], "level": "NOTSET", "propagate": True},
        "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
    },
}
