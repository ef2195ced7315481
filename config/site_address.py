"""The address at which people reach this installation, as far as the settings tell."""

from django.conf import settings

_WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104 - compared with, not bound to


def site_address(port: int) -> str:
    """Return the first of TRUSTED_ORIGINS, else http://, HOST and the port; for a wildcard HOST the first concrete of ALLOWED_HOSTS."""
    if settings.TRUSTED_ORIGINS:
        return str(settings.TRUSTED_ORIGINS[0]).rstrip("/")
    host = settings.HOST
    if host in _WILDCARDS:
        host = next((name for name in settings.ALLOWED_HOSTS if not name.startswith((".", "*"))), "localhost")
    elif ":" in host:
        host = f"[{host}]"
    return f"http://{host}:{port}"
