"""The way of the tests of migrations through the versions, and the tests that wait for its stops.

All tests share one way, because each takes 20 s of CPU: forwards from an old version to the present one, back to the first, and
forwards again. A test is a generator that stores rows or checks them at each of the stops that it names.
"""

from collections.abc import Callable, Generator
from contextlib import closing
from enum import Enum, auto
from sqlite3 import connect
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor


class Stop(Enum):
    """A stop on the way through the versions, in its order."""

    NO_SPEAKERS = auto()
    """Speakers exist and no message has one. No row is stored yet."""
    VERSION_1 = auto()
    """The version before speakers, processes and columns of later versions."""
    NO_SPEAKER_TABLE = auto()
    SPEAKER_TABLE = auto()
    STAFF = auto()
    ACCOUNTS = auto()
    """The version before accounts could confirm addresses, without tables of django-allauth."""
    SHARES = auto()
    TRACKERS = auto()
    REVIEW_QUEUE = auto()
    SECOND_FACTORS = auto()
    """The version before second factors were encrypted."""
    PRESENT = auto()
    BACK_BEFORE_ENCRYPTION = auto()
    BACK_BEFORE_REVIEWS = auto()
    BACK_BEFORE_SPEAKERS = auto()
    BACK_AT_VERSION_1 = auto()
    BACK_AT_FIRST = auto()
    PRESENT_AGAIN = auto()


MIGRATIONS = {
    Stop.NO_SPEAKERS: "0006_speaker",
    Stop.VERSION_1: "0003_member_order",
    Stop.NO_SPEAKER_TABLE: "0005_server_process",
    Stop.SPEAKER_TABLE: "0006_speaker",
    Stop.STAFF: "0019_language_results",
    Stop.ACCOUNTS: "0022_call_score",
    Stop.SHARES: "0029_share_by_invitation",
    Stop.TRACKERS: "0035_fill_conversation_trackers",
    Stop.REVIEW_QUEUE: "0036_review_queue",
    Stop.SECOND_FACTORS: "0043_names_of_models",
    Stop.BACK_BEFORE_ENCRYPTION: "0043_names_of_models",
    Stop.BACK_BEFORE_REVIEWS: "0035_fill_conversation_trackers",
    Stop.BACK_BEFORE_SPEAKERS: "0005_server_process",
    Stop.BACK_AT_VERSION_1: "0003_member_order",
    Stop.BACK_AT_FIRST: "0001_initial",
}
"""The last migration at each stop; the present version where there is none."""
Steps = Generator[Stop, Any, None]
CHECKS: dict[str, Callable[[], Steps]] = {}
WITH_OURS = {"insights", "streaming", "account", "mfa", "socialaccount", "usersessions"}
"""Apps whose tables come with the migrations of insights; those of others are there at every stop."""


def check(steps: Callable[[], Steps]) -> Callable[[], Steps]:
    """Add a test: it yields the stops that it needs, in their order, and gets the tables of each."""
    CHECKS[steps.__name__] = steps
    return steps


def go_the_way() -> dict[str, BaseException | None]:
    """Stop at each version, and run the tests that wait for it. One that fails stops no other."""
    found: dict[str, BaseException | None] = {name: AssertionError(f"{name} waits for a stop that is behind") for name in CHECKS}
    running = {name: steps() for name, steps in CHECKS.items()}
    waiting = {name: next(steps) for name, steps in running.items()}
    begin()
    for stop in Stop:
        tables = migrate_to(MIGRATIONS.get(stop))
        for name in [name for name, wanted in waiting.items() if wanted is stop]:
            try:
                waiting[name] = running[name].send(tables)
            except StopIteration:
                del waiting[name]
                found[name] = None
            except Exception as error:
                del waiting[name]
                found[name] = error
    return found


def begin() -> None:
    """Remove all tables, and create those of other apps."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    else:
        with closing(connect(":memory:")) as empty:
            empty.backup(connection.connection)
    executor = MigrationExecutor(connection)
    executor.migrate([node for node in executor.loader.graph.leaf_nodes() if node[0] not in WITH_OURS])


def migrate_to(name: str | None) -> Any:
    """Migrate to a version in either direction, or to the present one, and return its models."""
    call_command("migrate", *(["insights", name] if name else []), verbosity=0)
    loader = MigrationExecutor(connection).loader
    nodes = [("insights", name)] if name else loader.graph.leaf_nodes("insights")
    return loader.project_state(nodes).apps
