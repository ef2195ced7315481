"""The settings that the environment gives, in the order of their declaration. An invalid one stops the start with its name."""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.env import Env, SettingError
from config.settings.secret_key import secret_key

BASE_DIR = Path(__file__).resolve().parents[2]

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
        "WORKER_NICE",
        10,
        "How much lower the priority (`nice`) of the processes is that decode imported files and recognise their speech.",
        most=19,
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
    RTC_PORT_RANGE = env.port_range(
        "RTC_PORT_RANGE",
        "UDP ports of this server for WebRTC, such as `50000-50199`. A session uses one port of each network interface. Empty: any.",
    )
    RTC_HOST_ADDRESSES = env.addresses(
        "RTC_HOST_ADDRESSES",
        "IP addresses that the server announces to browsers in place of its own, behind a NAT that forwards the ports or in a container.",
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
        "Models that tell apart the speakers in one audio source, loaded on first use. `none`: each audio source is one speaker.",
    )
    VOICE_PROFILES = env.flag(
        "VOICE_PROFILES",
        False,
        "Let accounts switch on [voice profiles](../guide/voice-profiles.md), by which later conversations name speakers. The law on"
        " [biometrics](../help/privacy.md#voice-profiles-and-the-law-on-biometrics) concerns them.",
    )
    END_OF_TURN = env.choice(
        "END_OF_TURN",
        "words",
        ("words", "pause"),
        "What ends a turn of live speech. `words`: [the words before a silence](../guide/accuracy.md#pauses) decide how long it must be"
        " (English). `pause`: a silence of `END_OF_TURN_MS`.",
    )
    END_OF_TURN_MS = env.integer(
        "END_OF_TURN_MS",
        500,
        "Milliseconds of silence that end a turn. With `END_OF_TURN=words`: without words, in other languages, in files.",
        least=100,
        most=5000,
    )
    LONGEST_PAUSE_MS = env.integer(
        "LONGEST_PAUSE_MS",
        1200,
        "Milliseconds of silence that end a turn even if its last sentence is unfinished (`END_OF_TURN=words`).",
        least=200,
        most=5000,
    )
    INTERIM_INTERVAL_MS = env.integer(
        "INTERIM_INTERVAL_MS",
        320,
        "Milliseconds of speech between two interim results of a turn. A larger value saves much of the"
        " [CPU time of recognition](../develop/performance-conversations.md#interim-results-and-cpu-time), and words appear later.",
        least=100,
        most=10_000,
    )
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
        "REVIEW_SECOND_OPINIONS", 10, "Percent of the insights in the review queue that also get a second opinion.", most=100
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
        "OIDC_SIGN_UP", True, "Create an account for a person who signs in for the first time. `0`: only existing accounts may sign in."
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


SECRET_KEY = secret_key(_secret, DATA_DIR)
