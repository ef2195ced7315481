"""Where data is: database, channel layer, cache, tasks, files; and the mail server."""

import hashlib
from importlib.util import find_spec
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config.settings.environment import (
    AUDIO_S3_BUCKET,
    AUDIO_S3_KEY_ID,
    AUDIO_S3_REGION,
    AUDIO_S3_SECRET,
    AUDIO_S3_URL,
    DATA_DIR,
    DATABASE_POOL,
    DATABASE_URL,
    MAIL_FROM,
    MAIL_URL,
    REDIS_URL,
    TASK_QUEUE,
)


def _database() -> dict[str, Any]:
    """Return PostgreSQL with psycopg's pool where DATABASE_URL says so, else SQLite (WAL, one writer at a time)."""
    if DATABASE_URL.startswith("postgres"):
        config: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=0))
        options = config.setdefault("OPTIONS", {})
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 20}
        # A lost database is detected within about ten seconds, and a broken connection is not used again.
        keepalive = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
        config["OPTIONS"] = {"connect_timeout": 5, **keepalive, **options}
        config["CONN_HEALTH_CHECKS"] = True
        # A process that is suspended within a transaction must not block its conversation for other processes.
        bounds = "-c idle_in_transaction_session_timeout=10s -c lock_timeout=15s"
        config["OPTIONS"]["options"] = f"{bounds} {options.get('options', '')}".strip()
        return config
    file = DATABASE_URL.removeprefix("sqlite:///") or str(DATA_DIR / "parley.sqlite3")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-8000; PRAGMA secure_delete=ON;",
        },
        "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
    }


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Processes with the same DATA_DIR and another database must not get each other's messages.
_database_id = hashlib.sha256("|".join(str(DATABASES["default"].get(key, "")) for key in ("NAME", "HOST", "PORT")).encode()).hexdigest()[:8]
CHANNEL_LAYERS: dict[str, dict[str, Any]] = {
    "default": (
        {
            "BACKEND": "channels_redis.core.RedisChannelLayer",
            # Longer than the 5 s for which the layer asks Redis to wait for a message: else silence looks like an unreachable Redis.
            "CONFIG": {"hosts": [{"address": REDIS_URL, "socket_timeout": 10}], "capacity": 1000, "expiry": 30},
        }
        if REDIS_URL
        else {
            "BACKEND": "streaming.cluster.local_layer.LocalChannelLayer",
            "CONFIG": {"folder": DATA_DIR / f"sockets-{_database_id}", "capacity": 1000, "expiry": 30},
        }
    )
}
CACHES = {
    "default": (
        {  # a Redis that does not answer must not block threads without a limit
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": REDIS_URL,
            "OPTIONS": {"socket_timeout": 2, "socket_connect_timeout": 2},
        }
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 10_000}}
    )
}

_QUEUES = ["accounts", "server"]  # insights/jobs/task_queue.py
if TASK_QUEUE == "redis":
    if not REDIS_URL:
        raise ImproperlyConfigured("TASK_QUEUE='redis': REDIS_URL is needed too")
    if find_spec("django_tasks_rq") is None:
        raise ImproperlyConfigured("TASK_QUEUE='redis': the package django-tasks-rq is needed (requirements/optional.txt)")
    RQ_QUEUES = {name: {"URL": REDIS_URL, "DEFAULT_TIMEOUT": -1} for name in _QUEUES}
    RQ = {"SHOW_ADMIN_LINK": False}
TASKS = {
    "default": {
        "BACKEND": "django_tasks_rq.RQBackend" if TASK_QUEUE == "redis" else "django_tasks_db.DatabaseBackend",
        "QUEUES": _QUEUES,
    }
}

if AUDIO_S3_BUCKET and (find_spec("storages") is None or find_spec("boto3") is None):
    raise ImproperlyConfigured("AUDIO_S3_BUCKET: the packages django-storages and boto3 are needed (requirements/optional.txt)")


def _s3_client_config() -> object:
    """Return the options of the S3 client: it gives up after some seconds, as a request waits for it.

    Checksums are sent only where a call requires them: some services refuse others.
    """
    from botocore.config import Config  # type: ignore[import-untyped]

    return Config(
        connect_timeout=5,
        read_timeout=30,
        retries={"mode": "standard", "total_max_attempts": 2},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def _private_storage(folder: str, s3_prefix: str) -> dict[str, object]:
    """Return the storage for private files: a folder of DATA_DIR that only the server's user can read, or a part of the S3 bucket."""
    if not AUDIO_S3_BUCKET:
        options = {"location": DATA_DIR / folder, "file_permissions_mode": 0o600, "directory_permissions_mode": 0o700}
        return {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": options}
    return {
        "BACKEND": "storages.backends.s3.S3Storage",
        "OPTIONS": {
            "bucket_name": AUDIO_S3_BUCKET,
            "endpoint_url": AUDIO_S3_URL or None,
            "region_name": AUDIO_S3_REGION or None,
            "access_key": AUDIO_S3_KEY_ID or None,
            "secret_key": AUDIO_S3_SECRET or None,
            "location": s3_prefix,
            "default_acl": None,
            "querystring_auth": True,
            "max_memory_size": 1_048_576,
            "client_config": _s3_client_config(),
        },
    }


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "audio": _private_storage("audio/stored", ""),
    "exports": _private_storage("exports/stored", "exports"),
}

_mail = urlsplit(MAIL_URL)
MAIL_CONFIGURED = bool(MAIL_URL)
EMAIL_HOST = _mail.hostname or "localhost"
EMAIL_PORT = _mail.port or {"smtps": 465, "smtp": 587}.get(_mail.scheme, 25)
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_mail.username or ""), unquote(_mail.password or "")
EMAIL_USE_SSL, EMAIL_USE_TLS = _mail.scheme == "smtps", _mail.scheme == "smtp"
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
