"""Django's apps, middleware, templates, languages, files and the rules of browsers."""

import warnings
from urllib.parse import urlsplit

from config.settings.environment import APPS, BASE_DIR, SECURE_COOKIES, TASK_QUEUE, TRUSTED_ORIGINS

INSTALLED_APPS = [
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
    "config.static_files.StaticFiles",
    "config.middleware.release_connections_before_sending",
    "insights.portal.response_language.choose_language",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "insights.portal.devices.note_device",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "insights.portal.security.content_security",
    "insights.portal.method_errors.page_for_wrong_method",
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
                "insights.portal.context_processors.installation",
            ],
        },
    },
]

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
if SECURE_COOKIES:  # config/trusted_proxies.py sets the scheme of requests that came over HTTPS
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz)$"]  # probes speak plain HTTP
    _https = [urlsplit(origin).netloc for origin in TRUSTED_ORIGINS if origin.startswith("https://")]
    SECURE_SSL_HOST = _https[0] if len(_https) == 1 else None
    SECURE_HSTS_SECONDS = 30 * 86_400  # renewed by every visit; an installation that gives up HTTPS waits no longer than this
# HSTS holds for this host only: its subdomains may not support HTTPS, and preloading is a decision of the operator.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

# WhiteNoise passes its files to Django as plain iterators, which ASGI serves from a thread. That is correct, but Django warns of each file.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous iterators")
