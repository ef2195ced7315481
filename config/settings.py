"""Django's settings, read through `config.env`. `manage.py settings_reference` generates `docs/reference/settings.md` from it."""

import hashlib
import secrets
import sys
import time
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from config.env import Env, SettingError

BASE_DIR = Path(__file__).resolve().parent.parent

env = Env()
_ICE = ("stun:", "stuns:", "turn:", "turns:")

try:
    env.group = "Server"
    DEBUG = env.flag("DEBUG", False, "Show tracebacks in the browser. Never on a server that others reach.")
    HOST = env.text(
        "HOST",
        "127.0.0.1",
        "IP address that `make run` (`manage.py serve`) binds to. `0.0.0.0`: all IPv4 addresses; set `ALLOWED_HOSTS` too.",
        allowed="IP address or host name",
    )
    PORT = env.integer(
        "PORT", 8000, "TCP port that `make run` (`manage.py serve`) binds to. 0: the system chooses a free one.", least=0, most=65535
    )
    env.group = "Storage"
    DATA_DIR = env.path("DATA_DIR", "./data", "Folder of the SQLite database, the secret key and the downloaded models.")
    env.group = "Access and HTTPS"
    _secret = env.text(
        "SECRET_KEY",
        "",
        "Key that signs sign-in sessions and access tokens. Empty: generated once and stored in `DATA_DIR`.",
        allowed="32 characters or more",
    )
    ALLOWED_HOSTS = env.hosts(
        "ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]", "Host names in the Host header that the server accepts. Any other gets 400."
    )
    TRUSTED_ORIGINS = env.words(
        "TRUSTED_ORIGINS",
        "",
        "Origins of the pages behind a TLS proxy, such as `https://talk.example.org`.",
        starts=("https://", "http://"),
    )
    TRUSTED_PROXIES = env.networks(
        "TRUSTED_PROXIES",
        "Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto headers are used. `unix`: a proxy on a Unix socket.",
        words=("unix",),
    )
    ALLOWED_NETWORKS = [
        network
        for network in env.networks(
            "ALLOWED_NETWORKS",
            "Networks that webhooks and imports by URL may reach although they are not public. Empty: public addresses only.",
        )
        if not isinstance(network, str)
    ]
    env.group = "Storage"
    DATABASE_URL = env.url("DATABASE_URL", "Database. Empty: SQLite in `DATA_DIR`.", ("postgres", "postgresql", "sqlite"))
    DATABASE_POOL = env.integer("DATABASE_POOL", 10, "Maximum number of PostgreSQL connections of one process.", least=2, most=200)
    REDIS_URL = env.url(
        "REDIS_URL",
        "Redis, for several hosts. Empty: processes of one machine with the same `DATA_DIR` and database use local sockets.",
        ("redis", "rediss", "unix"),
    )
    env.group = "Background jobs"
    TASK_QUEUE = env.choice(
        "TASK_QUEUE",
        "database",
        ("database", "redis"),
        "Where tasks for [workers](../operate/jobs.md) wait. `redis`: in `REDIS_URL`; needs the package `django-tasks-rq`.",
    )
    MAX_JOBS_PER_ACCOUNT = env.integer(
        "MAX_JOBS_PER_ACCOUNT", 50, "Maximum number of unfinished jobs of one account. A further one gets 429.", least=1, most=100_000
    )
    WORKER_JOBS = env.integer(
        "WORKER_JOBS", 2, "Jobs of accounts, such as imports, that one worker runs at the same time.", least=1, most=64
    )
    WORKER_NICE = env.integer(
        "WORKER_NICE", 10, "How much lower the priority of a worker's process is (`nice`), so that live speech goes first.", most=19
    )
    MAX_UPLOAD_MB = env.integer(
        "MAX_UPLOAD_MB",
        3000,
        "Largest file that may be imported, in MiB. The default holds four hours of uncompressed stereo at 48 kHz.",
        least=1,
        most=1_000_000,
    )
    env.group = "Mail"
    MAIL_URL = env.url(
        "MAIL_URL",
        "Mail server: `smtp://user:password@mail.example.org:587` (with STARTTLS), `smtps://…:465`, or `smtp+plain://…:25` (in clear). "
        "Empty: no mail is sent.",
        ("smtp", "smtps", "smtp+plain"),
    )
    MAIL_FROM = env.text("MAIL_FROM", "Parley <parley@localhost>", "Sender of mail.", allowed="mail address, with or without a name")
    env.group = "WebRTC and telephones"
    RTC_ICE_SERVERS = env.words(
        "RTC_ICE_SERVERS", "", "STUN and TURN servers for browsers. Empty: none, so that no other host is contacted.", starts=_ICE
    )
    RTC_OWN_ICE_SERVERS = env.words(
        "RTC_OWN_ICE_SERVERS", "", "STUN and TURN servers for this server itself, behind a NAT. Empty: none.", starts=_ICE
    )
    TURN_SECRET = env.text("TURN_SECRET", "", "Secret shared with coturn (`static-auth-secret`). It signs TURN credentials that expire.")
    TURN_LIFETIME_S = env.integer("TURN_LIFETIME_S", 3600, "Lifetime of a TURN credential in seconds.", least=60, most=86_400)
    TWILIO_AUTH_TOKEN = env.text(
        "TWILIO_AUTH_TOKEN", "", "Auth token of your Twilio account. If set, calls without a valid Twilio signature are refused."
    )
    RTC_CONNECT_S = env.number(
        "RTC_CONNECT_S", 60, "Seconds after which a peer connection that has not connected is closed.", least=0.1, most=600
    )
    RTC_SILENCE_S = env.number(
        "RTC_SILENCE_S", 60, "Seconds without audio and video after which a peer connection is closed.", least=0.1, most=86_400
    )
    RTC_RENEW_S = env.number(
        "RTC_RENEW_S", 20, "Seconds during which a lost peer may renew its session with a new offer.", least=0, most=600
    )
    env.group = "Speech recognition"
    RECOGNISER = env.class_path(
        "RECOGNISER",
        "moonshine",
        ("moonshine", "scripted"),
        "Speech recognition engine. `scripted` is for tests. [An engine of your own](../guide/speech-engines.md): its class.",
    )
    RECOGNISER_SCRIPT = env.file("RECOGNISER_SCRIPT", "JSON file with the results of the `scripted` recogniser (for tests).")
    RECOGNISER_THREADS = env.integer("RECOGNISER_THREADS", 2, "Threads that decode speech. Each uses up to one CPU core.", least=1, most=64)
    SPEAKER_MODELS = env.class_path(
        "SPEAKER_MODELS",
        "community",
        ("community", "none"),
        "Models that tell apart the speakers in one audio source, loaded when somebody first asks for it. `none`: they are not told apart.",
    )
    END_OF_TURN_MS = env.integer("END_OF_TURN_MS", 500, "Milliseconds of silence that end a turn.", least=100, most=5000)
    LONGEST_TURN_S = env.number(
        "LONGEST_TURN_S", 12.0, "Maximum length of a turn in seconds. A longer turn is split at its weakest pause.", least=2, most=30
    )
    env.group = "Sessions"
    MAX_AUDIO_CHUNK_BYTES = env.integer(
        "MAX_AUDIO_CHUNK_BYTES", 8192, "Maximum size in bytes of one binary audio message on a Symbl WebSocket.", least=320, most=1_000_000
    )
    START_TIMEOUT_S = env.number(
        "START_TIMEOUT_S", 60, "Seconds after which a WebSocket without a start message is closed.", least=0.1, most=3600
    )
    SILENCE_TIMEOUT_S = env.number(
        "SILENCE_TIMEOUT_S", 1800, "Seconds without audio after which a session is stopped.", least=0.1, most=86400
    )
    NO_CONNECTION_TIMEOUT_S = env.integer(
        "NO_CONNECTION_TIMEOUT_S",
        30,
        "Seconds that a conversation waits for a disconnected speaker, unless its client sent `noConnectionTimeout`.",
        most=1800,
    )
    SESSION_LIMIT = env.integer(
        "SESSION_LIMIT",
        500,
        "Maximum number of live sessions of one process. Subscribers that wait for a conversation count.",
        least=1,
        most=100_000,
    )
    env.group = "Streams"
    APPS = env.modules("APPS", "Your own Django apps, such as one with a `streams.py`. Python must be able to import them.")
    DEFAULT_STREAM = env.text(
        "DEFAULT_STREAM",
        "conversation",
        "Stream that is also mounted at the root, as `/webrtc/offer` and so on.",
        allowed="name of a stream",
    )
    STREAMS_PUBLIC = env.words("STREAMS_PUBLIC", "", "Streams that may be used without signing in.")
    STREAM_CONCURRENCY_LIMIT = env.integer(
        "STREAM_CONCURRENCY_LIMIT",
        10,
        "Maximum number of sessions of one stream in one process, unless the stream sets `concurrency_limit`.",
        least=1,
        most=100_000,
    )
    env.group = "Insights"
    INSIGHT_KINDS = env.words(
        "INSIGHT_KINDS",
        "",
        "Your own kinds of insights, beside questions, action items and follow-ups.",
        allowed="dotted paths, such as `meetings.kinds.DECISION`",
    )
    REVIEW_SECOND_OPINIONS = env.integer(
        "REVIEW_SECOND_OPINIONS", 10, "Percent of the insights in the review queue that a second reviewer is asked about, too.", most=100
    )
    env.group = "Storage"
    KEEP_DAYS = env.integer("KEEP_DAYS", 0, "Days after which an ended conversation is deleted for good. 0: never.", most=36_500)
    BIN_DAYS = env.integer("BIN_DAYS", 30, "Days after which a conversation in the bin is deleted for good.", least=1, most=3650)
    KEEP_AUDIO_DAYS = env.integer(
        "KEEP_AUDIO_DAYS", 0, "Days after the end of a conversation after which its stored audio is deleted. 0: with it.", most=36_500
    )
    AUDIO_S3_BUCKET = env.text(
        "AUDIO_S3_BUCKET",
        "",
        "Bucket of an S3-compatible service where stored audio is kept. Empty: in `DATA_DIR/audio`. Needs the packages `django-storages` "
        "and `boto3`.",
    )
    AUDIO_S3_URL = env.url("AUDIO_S3_URL", "Base URL of the S3-compatible service. Empty: AWS.", ("http", "https"))
    AUDIO_S3_REGION = env.text("AUDIO_S3_REGION", "", "Region of the bucket.")
    AUDIO_S3_KEY_ID = env.text("AUDIO_S3_KEY_ID", "", "Access key id for the bucket. Empty: the usual configuration of AWS clients.")
    AUDIO_S3_SECRET = env.text("AUDIO_S3_SECRET", "", "Secret access key for the bucket.")
    env.group = "Server"
    DRAIN_S = env.number("DRAIN_S", 8, "Seconds that live sessions have at shutdown to finish and store their results.", least=0.1, most=60)
    env.group = "Access and HTTPS"
    TOKEN_HOURS = env.integer("TOKEN_HOURS", 24, "Lifetime of an access token in hours.", least=2, most=720)
    TOKEN_TRIES_PER_MINUTE = env.integer(
        "TOKEN_TRIES_PER_MINUTE",
        20,
        "Maximum number of wrong secrets or passwords for one account from one address in a minute.",
        least=1,
        most=10_000,
    )
    OPEN_SIGN_UP = env.flag(
        "OPEN_SIGN_UP",
        False,
        "Anybody who confirms an e-mail address may create an account at `/signup/`.",
    )
    INVITATION_DAYS = env.integer("INVITATION_DAYS", 7, "Days that an invitation is valid.", least=1, most=365)
    env.group = "Single sign-on (OpenID Connect)"
    OIDC_URL = env.url(
        "OIDC_URL",
        "Address of the identity provider (issuer), such as `https://id.example.org/realms/team`. Empty: no single sign-on.",
        ("https", "http"),
    )
    OIDC_NAME = env.text("OIDC_NAME", "Single sign-on", "Name on the button of the sign-in page: “Continue with …”.")
    OIDC_CLIENT_ID = env.text("OIDC_CLIENT_ID", "", "Client id that the identity provider has for this server. Required with `OIDC_URL`.")
    OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_SECRET", "", "Secret of that client. Empty: a public client (PKCE only).")
    OIDC_SIGN_UP = env.flag(
        "OIDC_SIGN_UP", True, "Whoever signs in at the identity provider for the first time gets an account. Else only existing accounts."
    )
    if OIDC_URL and not OIDC_CLIENT_ID:
        raise SettingError("OIDC_CLIENT_ID: must name the client, because OIDC_URL is set")
    env.group = "Server"
    LOG_LEVEL = env.choice(
        "LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"), "Minimum level of log lines. Spoken words are never logged."
    )
    env.group = "Access and HTTPS"
    SECURE_COOKIES = env.flag(
        "SECURE_COOKIES", False, "HTTPS only: cookies are sent over TLS only, plain HTTP is redirected, and HSTS is on."
    )
    env.group = "Language model (optional)"
    LLM_URL = env.url(
        "LLM_URL",
        "Base URL of a server with the API of OpenAI, such as `http://127.0.0.1:8080/v1`. Empty: no language model is used.",
        ("http", "https"),
    )
    LLM_MODEL = env.text("LLM_MODEL", "", "Name of the model on that server. Required with `LLM_URL`.")
    LLM_KEY = env.text("LLM_KEY", "", "Key for that server, sent as a bearer token. Empty: none is sent.")
    if LLM_URL and not LLM_MODEL:
        raise SettingError("LLM_MODEL: must name a model, because LLM_URL is set")
    env.group = "TURN services (optional)"
    env.elsewhere("CLOUDFLARE_TURN_KEY_ID", "Key id of Cloudflare's TURN service, for `get_cloudflare_turn_credentials()`.")
    env.elsewhere("CLOUDFLARE_TURN_KEY_API_TOKEN", "API token that belongs to it.")
    env.elsewhere("HF_TOKEN", "Hugging Face token, for `get_hf_turn_credentials()`.")
    env.elsewhere("TWILIO_ACCOUNT_SID", "Twilio account id, for `get_twilio_turn_credentials()`. It uses `TWILIO_AUTH_TOKEN` too.")
    env.group = "Development"
    env.elsewhere("BENCH_FASTRTC_PYTHON", "Python interpreter with `fastrtc` installed, with which `make bench` compares.")
except SettingError as error:
    raise ImproperlyConfigured(str(error)) from None


try:
    DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)  # config/data_dir.py sets the mode of one that exists
except OSError as error:
    raise ImproperlyConfigured(f"DATA_DIR={str(DATA_DIR)!r}: a folder is needed that can be made and written: {error.strerror}") from None


def _secret_key() -> str:
    """Return the key from the environment, or the one kept in DATA_DIR, made at first start with mode 0600."""
    if _secret:
        if len(_secret) < 32:
            raise ImproperlyConfigured("SECRET_KEY: at least 32 characters are needed")
        return _secret
    file = DATA_DIR / "secret_key"
    try:
        with open(file, "x", opener=lambda path, flags: __import__("os").open(path, flags, 0o600)) as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise ImproperlyConfigured(f"SECRET_KEY: {file} cannot be written: {error.strerror}") from None
    deadline = time.monotonic() + 2
    while not (key := file.read_text().strip()) and time.monotonic() < deadline:
        time.sleep(0.02)  # another process has made the file and is about to write into it
    if not key:
        raise ImproperlyConfigured(f"SECRET_KEY: {file} is empty; remove it, and a new key is made")
    return key


SECRET_KEY = _secret_key()

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "channels",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "django_tasks",
    *(["django_rq"] if TASK_QUEUE == "redis" else ["django_tasks_db"]),
    "insights",
    "streaming",
    "config",
    *APPS,
]

MIDDLEWARE = [
    "config.hosts.any_host_for_health_checks",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.release_connections_before_sending",
    "insights.portal.languages.choose_language",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "insights.portal.devices.note_device",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "insights.portal.security.content_security",
    "config.middleware.note_user_of_refused_request",
]

ROOT_URLCONF = "config.urls"
ASGI_APPLICATION = "config.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "insights.portal.context.installation",
            ],
        },
    },
]


def _database() -> dict[str, Any]:
    """Return PostgreSQL with psycopg's pool where DATABASE_URL says so, else SQLite (WAL, one writer at a time)."""
    if DATABASE_URL.startswith("postgres"):
        config: dict[str, Any] = dict(dj_database_url.parse(DATABASE_URL, conn_max_age=0))
        options = config.setdefault("OPTIONS", {})
        options["pool"] = {"min_size": 1, "max_size": DATABASE_POOL, "timeout": 20}
        # A database that vanished is missed within some ten seconds; a connection that broke meanwhile is not lent to anybody.
        vanished = {"keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3, "tcp_user_timeout": 10_000}
        config["OPTIONS"] = {"connect_timeout": 5, **vanished, **options}
        config["CONN_HEALTH_CHECKS"] = True
        # A process that sleeps in the middle of a transaction must not hold its conversation against the others.
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
            # Longer than the 5 s for which the layer asks Redis to wait for a message: else silence looks like a Redis that is away.
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
        {  # a Redis that is silent must not hold threads for ever
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

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/signin/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/signin/"

# django-allauth (docs/adr/0092-accounts-by-allauth.md). Its own limits are off: insights/access/attempts.py counts.
ACCOUNT_ADAPTER = "insights.portal.allauth_adapters.AccountAdapter"
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PASSWORD_RESET_TOKEN_GENERATOR = "django.contrib.auth.tokens.PasswordResetTokenGenerator"  # noqa: S105
ACCOUNT_RATE_LIMITS = False
ACCOUNT_REAUTHENTICATION_METHODS = ["password", "mfa"]
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_FORMS = {
    "add_email": "insights.portal.account_forms.NewAddressForm",
    "reauthenticate": "insights.portal.account_forms.ConfirmPasswordForm",
    "reset_password": "insights.portal.account_forms.ForgottenPasswordForm",
    "reset_password_from_key": "insights.portal.account_forms.ResetPasswordForm",
    "signup": "insights.portal.account_forms.SignUpForm",
}
MFA_ADAPTER = "insights.portal.allauth_adapters.SecondFactorAdapter"
MFA_FORMS = {
    "activate_totp": "insights.portal.account_forms.ActivateCodesForm",
    "add_webauthn": "insights.portal.account_forms.NewPasskeyForm",
    "authenticate": "insights.portal.account_forms.CodeForm",
    "edit_webauthn": "insights.portal.account_forms.PasskeyNameForm",
    "reauthenticate": "insights.portal.account_forms.ConfirmCodeForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_RATE_LIMITS = False
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Parley"
MFA_TOTP_TOLERANCE = 1  # clocks of telephones may be half a minute wrong
SOCIALACCOUNT_FORMS = {"signup": "insights.portal.account_forms.SingleSignOnForm"}
SOCIALACCOUNT_ADAPTER = "insights.portal.allauth_adapters.SingleSignOnAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_LOGIN_ON_GET = True  # a form would be refused by form-action 'self' of the security policy when it redirects
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sso",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_URL, "token_auth_method": "client_secret_basic" if OIDC_CLIENT_SECRET else "none"},
            }
        ]
        if OIDC_URL
        else [],
    }
}

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("de", "Deutsch")]  # docs/develop/translating.md
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_MAX_AGE = 300

CSRF_TRUSTED_ORIGINS = TRUSTED_ORIGINS
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
if SECURE_COOKIES:  # config/trusted_proxies.py tells Django which requests came over HTTPS
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # probes speak plain HTTP
    _https = [urlsplit(origin).netloc for origin in TRUSTED_ORIGINS if origin.startswith("https://")]
    SECURE_SSL_HOST = _https[0] if len(_https) == 1 else None
    SECURE_HSTS_SECONDS = 30 * 86_400  # renewed by every visit; an installation that gives up HTTPS waits no longer than this

# WhiteNoise hands its files to Django as plain iterators, which ASGI serves from a thread: harmless, for a warning a file.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")

LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "hide_tokens": {"()": "config.log_filters.HideTokens"},
        "one_line": {"()": "config.log_filters.OneLine"},
        "rate_limit": {"()": "config.log_filters.RateLimit"},
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
# HSTS holds for this host only: whether hosts below it speak HTTPS, and browsers should know so beforehand, is not Parley's to say.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
