"""The public URL of this installation, derived from the settings."""

from django.conf import settings

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


def site_address(port: int) -> str:
    """Return the first of TRUSTED_ORIGINS, else http://HOST:port; a wildcard HOST is replaced by the first concrete ALLOWED_HOSTS entry."""
    if settings.TRUSTED_ORIGINS:
        return str(settings.TRUSTED_ORIGINS[0]).rstrip("/")
    host = settings.HOST
    if host in _WILDCARDS:
        host = next((name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))), "localhost")
    elif ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{port}"
