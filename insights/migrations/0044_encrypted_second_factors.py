"""Encrypts the keys of authenticator apps and the seeds of recovery codes that earlier versions stored readable."""

from collections.abc import Callable
from typing import Any

from django.db import migrations

from insights.access.second_factor import encrypted_key, readable_key


def _change_keys(apps: Any, change: Callable[[str], str]) -> None:
    for one in apps.get_model("mfa", "Authenticator").objects.filter(type__in=("totp", "recovery_codes")):
        data = {name: change(value) if name in ("secret", "seed") else value for name, value in one.data.items()}
        if data != one.data:
            one.data = data
            one.save(update_fields=["data"])


def encrypt_keys(apps: Any, schema_editor: Any) -> None:
    """Encrypt what is readable."""
    _change_keys(apps, encrypted_key)


def decrypt_keys(apps: Any, schema_editor: Any) -> None:
    """Store it readable, for the version before."""
    _change_keys(apps, readable_key)


class Migration(migrations.Migration):

    dependencies = [
        ('insights', '0043_names_of_models'),
        ('mfa', '0003_authenticator_type_uniq'),
    ]

    operations = [migrations.RunPython(encrypt_keys, decrypt_keys)]
