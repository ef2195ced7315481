"""The migration that encrypts second factors, on rows of the version before."""

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.contrib.auth.models import User

from tests.insights.migration_way import Steps, Stop, check

KEY = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
SEED = "0f" * 40


@check
def stored_keys_are_encrypted() -> Steps:
    """Codes stay valid, used recovery codes stay used, passkeys stay as they are; going back makes the keys readable again."""
    yield Stop.SECOND_FACTORS
    user = User.objects.create_user("eve@example.com", "eve@example.com")
    app = Authenticator.objects.create(user=user, type="totp", data={"secret": KEY})
    codes = Authenticator.objects.create(user=user, type="recovery_codes", data={"seed": SEED, "used_mask": 1})
    before = RecoveryCodes(codes).get_unused_codes()
    passkey = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Phone", "secret": "of no authenticator app"})
    yield Stop.PRESENT
    for one in (app, codes, passkey):
        one.refresh_from_db()
    assert KEY not in str(app.data)
    assert SEED not in str(codes.data)
    assert passkey.data == {"name": "Phone", "secret": "of no authenticator app"}
    assert TOTP(app).validate_code(format_hotp_value(hotp_value(KEY, next(yield_hotp_counters_from_time()))))
    assert RecoveryCodes(codes).get_unused_codes() == before
    assert len(before) == 9
    yield Stop.BACK_BEFORE_ENCRYPTION
    app.refresh_from_db()
    codes.refresh_from_db()
    assert (app.data["secret"], codes.data["seed"]) == (KEY, SEED)
