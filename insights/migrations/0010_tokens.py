"""Add scopes, expiry, last use and the current token of apps. Existing apps have all scopes, and their tokens stay valid."""

from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("insights", "0009_jobs"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="app",
            name="expires_at",
            field=models.DateTimeField(blank=True, help_text="From then on neither the secret nor any token is accepted.", null=True),
        ),
        migrations.AddField(
            model_name="app",
            name="last_used_at",
            field=models.DateTimeField(blank=True, editable=False, help_text="Accurate to ten minutes.", null=True),
        ),
        migrations.AddField(
            model_name="app",
            name="password_mark",
            field=models.CharField(blank=True, default="", editable=False, help_text="Changes with the owner's password.", max_length=64),
        ),
        migrations.AddField(
            model_name="app",
            name="scopes",
            field=models.CharField(
                default="stream read write manage", help_text="Names, separated by spaces: stream, read, write, manage.", max_length=100
            ),
        ),
        migrations.AddField(
            model_name="app",
            name="token_expires_at",
            field=models.BigIntegerField(default=0, editable=False, help_text="Seconds since 1970."),
        ),
        migrations.AddField(
            model_name="app",
            name="token_generation",
            field=models.PositiveIntegerField(default=0, editable=False, help_text="Grows when all tokens are revoked."),
        ),
        migrations.AddField(
            model_name="app",
            name="token_id",
            field=models.CharField(blank=True, default="", editable=False, max_length=32),
        ),
        migrations.AddField(
            model_name="app",
            name="token_issued_at",
            field=models.BigIntegerField(default=0, editable=False, help_text="Seconds since 1970."),
        ),
        migrations.AddConstraint(
            model_name="app",
            constraint=models.CheckConstraint(
                condition=models.Q(("scopes__regex", "^(stream|read|write|manage)( (stream|read|write|manage))*$")), name="app_scopes"
            ),
        ),
        migrations.AddConstraint(
            model_name="app",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None), models.Q(("password_mark", ""), _negated=True)),
                fields=("owner",),
                name="one_app_for_the_password",
            ),
        ),
    ]
