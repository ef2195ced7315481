"""Locks of an account, so that limits and unique names hold for concurrent requests."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib.auth.models import User
from django.db import OperationalError, connection

from insights.database import write_transaction
from insights.managed.errors import Busy

_LOCK_NOT_AVAILABLE = "55P03"

_writing: set[int] = set()
_writing_lock = threading.Lock()


@contextmanager
def account_locked(owner_id: int) -> Iterator[None]:
    """Run a block in a write transaction; other writes of the account to what it manages wait."""
    with write_transaction():
        _lock_row(owner_id, wait=True)
        yield


@contextmanager
def one_at_a_time(owner_id: int) -> Iterator[None]:
    """Run a block in a write transaction. Raises Busy while another block of the account runs.

    Other processes are noticed on PostgreSQL only; on SQLite their writes wait for each other.
    """
    with _writing_lock:
        if owner_id in _writing:
            raise Busy
        _writing.add(owner_id)
    try:
        with write_transaction():
            _lock_row(owner_id, wait=False)
            yield
    finally:
        with _writing_lock:
            _writing.discard(owner_id)


def _lock_row(owner_id: int, *, wait: bool) -> None:
    """Lock the account's row. The lock does not block new rows that refer to it, such as those of its live conversations."""
    nowait = not wait and connection.features.has_select_for_update_nowait
    rows = User.objects.select_for_update(nowait=nowait, no_key=connection.features.has_select_for_no_key_update)
    try:
        rows.order_by().values_list("pk", flat=True).filter(pk=owner_id).first()
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", "") == _LOCK_NOT_AVAILABLE:
            raise Busy from None
        raise
