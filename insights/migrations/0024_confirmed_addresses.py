"""The addresses of existing accounts are confirmed, and the devices on which they are signed in are noted."""

from django.contrib.sessions.backends.db import SessionStore
from django.db import migrations
from django.utils import timezone

BATCH = 500
NO_ADDRESS = "0.0.0.0"


def confirm(apps, schema_editor):
    """Store the address of each account as confirmed. Of several accounts with one address, the first active one gets it."""
    users = apps.get_model("auth", "User").objects
    rows = apps.get_model("account", "EmailAddress").objects
    taken = set(rows.filter(verified=True).values_list("email", flat=True))
    has_row = set(rows.values_list("user_id", flat=True))
    found, without = [], []
    for user in users.order_by("-is_active", "pk").iterator(BATCH):
        address = (user.email or user.username).lower()
        if "@" not in address or len(address) > 254:
            continue
        if not user.email:
            user.email = address
            without.append(user)
        if user.pk in has_row:
            continue
        found.append(rows.model(user=user, email=address, verified=address not in taken, primary=True))
        taken.add(address)
    users.bulk_update(without, ["email"], batch_size=BATCH)
    rows.bulk_create(found, batch_size=BATCH)


def note_devices(apps, schema_editor):
    """Note a device for each valid sign-in, so that it can be ended from another one."""
    sessions = apps.get_model("sessions", "Session").objects.filter(expire_date__gt=timezone.now())
    rows = apps.get_model("usersessions", "UserSession").objects
    known = set(rows.values_list("session_key", flat=True))
    users = set(apps.get_model("auth", "User").objects.values_list("pk", flat=True))
    decode = SessionStore().decode
    found = []
    for session in sessions.iterator(BATCH):
        user = str(decode(session.session_data).get("_auth_user_id", ""))
        if user.isdecimal() and int(user) in users and session.session_key not in known:
            found.append(rows.model(user_id=int(user), session_key=session.session_key, ip=NO_ADDRESS, user_agent=""))
    rows.bulk_create(found, batch_size=BATCH)


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0023_accounts"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
        ("sessions", "0001_initial"),
        ("socialaccount", "0006_alter_socialaccount_extra_data"),
        ("usersessions", "0001_initial"),
    ]
    operations = [
        migrations.RunPython(confirm, migrations.RunPython.noop),
        migrations.RunPython(note_devices, migrations.RunPython.noop),
    ]
