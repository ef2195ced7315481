"""What every command does that starts a server: it prepares the database, and says where the server is and how to get an account."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import DatabaseError, connections

from insights import access
from insights.management.create_tables import UnappliedMigrations, create_missing_tables
from insights.site_address import site_address

logger = logging.getLogger(__name__)

LOOPBACK = ("localhost", "127.0.0.1", "::1", "[::1]")


def prepare_database(errors: OutputWrapper, migrate: bool = False) -> None:
    """Create the tables of a new installation. Where an operator has to migrate, say so; /readyz is not ready until then.

    `migrate`: migrate a database that has data, too.
    """
    try:
        create_missing_tables()
    except UnappliedMigrations as error:
        if migrate:
            call_command("migrate", verbosity=0)
        else:
            errors.write(f"Parley is not ready: {error}")
    except DatabaseError as error:
        logger.warning("cannot tell whether the database has its tables: %s", type(error).__name__)
    finally:
        connections.close_all()


def local_host() -> str:
    """Return the host by which a browser on this machine reaches the server."""
    if settings.HOST in ("", "0.0.0.0", "::"):  # noqa: S104 - compared with, not bound to
        return "127.0.0.1"
    return f"[{settings.HOST}]" if ":" in settings.HOST else str(settings.HOST)


def network_hint(port: int) -> str:
    """Return what to add to the address where other machines reach the server, or would if ALLOWED_HOSTS named it; else an empty text."""
    if settings.HOST in LOOPBACK:
        return ""
    bound = f" (bound to {settings.HOST} port {port}"
    if all(host in LOOPBACK for host in settings.ALLOWED_HOSTS):
        return f"{bound}; requests from other machines get 400 until ALLOWED_HOSTS has the name or address that they use)"
    return f"{bound})"


def account_hint() -> Callable[[int], str]:
    """Return a function from the port to the hint on how to create an account; "" if an account exists or the database is down."""
    try:
        if access.setup_is_open():
            return lambda port: f"Create the first account at {access.setup_link(site_address(port))}\n"
        if access.nobody_can_sign_in():
            return lambda port: "No account has a password yet: `manage.py createadmin --email you@example.com` makes an administrator\n"
    except DatabaseError as error:
        logger.warning("cannot check whether an account exists: %s", type(error).__name__)
    finally:
        connections.close_all()
    return lambda port: ""
