"""Yandex Cloud's token exchange.

A JWT signed with a service account's key, or an OAuth token, for an IAM token of twelve hours.
"""

import json
from collections.abc import Callable
from functools import lru_cache
from itertools import count

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from sandbox.grants import Grants
from sandbox.seal import Seal

AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
SERVICE_ACCOUNT = "ajesandbox0000000001"
KEY_ID = "ajksandbox0000000001"
OAUTH_TOKEN = "y0_sandbox-oauth-token"  # noqa: S105  (a sandbox keeps no secrets)
LIFE = 12 * 3600  # seconds
LONGEST_JWT = 3600  # seconds
SAME_FOR = 600  # seconds in which a second call brings the same token


class DeniedError(Exception):
    """The proof is not accepted; the message says why."""


class Iam:
    """Hands out IAM tokens."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._grants = Grants(wall)
        self._seal = Seal("iam", length=160)
        self._numbers = count()
        self._last: tuple[str, float] = ("", 0.0)

    def honours(self, token: str) -> bool:
        """Whether a token is good now."""
        return self._grants.honours(token)

    def expire(self) -> None:
        """From now on none is good."""
        self._grants.expire()
        self._last = ("", 0.0)

    def by_jwt(self, text: str, own_address: str) -> tuple[str, float]:
        """A token for a signed JWT, and until when it is good.

        Raises:
            DeniedError: The JWT is not signed with our key, not for us, too old, or meant to live too long.
        """
        try:
            if jwt.get_unverified_header(text).get("kid") != KEY_ID:
                raise DeniedError("the key is not known")
            claims = jwt.decode(
                text,
                _key().public_key(),
                algorithms=["PS256"],
                audience=[AUDIENCE, own_address],
                issuer=SERVICE_ACCOUNT,
                options={"require": ["exp", "iat", "aud", "iss"], "verify_exp": False, "verify_iat": False},
            )
            issued, expires = float(claims["iat"]), float(claims["exp"])
        except (jwt.InvalidTokenError, TypeError, ValueError) as wrong:
            raise DeniedError(str(wrong)) from None
        now = self._wall()
        if not 0 < expires - issued <= LONGEST_JWT or not issued - 60 <= now < expires:
            raise DeniedError("the JWT is expired, or lives for more than an hour")
        return self._token()

    def by_oauth(self, token: str) -> tuple[str, float]:
        """A token for a user's OAuth token, and until when it is good.

        Raises:
            DeniedError: It is not the one we know.
        """
        if token != OAUTH_TOKEN:
            raise DeniedError("OAuth token is invalid or expired")
        return self._token()

    def _token(self) -> tuple[str, float]:
        now = self._wall()
        token, since = self._last
        if not token or now - since >= SAME_FOR:
            token = "t1." + self._seal.close([next(self._numbers), now])
            self._last = (self._grants.issue(token, LIFE), now)
        return token, self._last[1] + LIFE


def key_file() -> str:
    """The service account's key, as the cloud console writes it to a file."""
    private = _key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    public = _key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return json.dumps(
        {
            "id": KEY_ID,
            "service_account_id": SERVICE_ACCOUNT,
            "created_at": "2025-01-15T10:00:00.000000000Z",
            "key_algorithm": "RSA_2048",
            "public_key": public,
            "private_key": f"PLEASE DO NOT REMOVE THIS LINE! Yandex.Cloud SA Key ID <{KEY_ID}>\n{private}",
        },
        indent=3,
    )


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    """Made once in a process: it takes a while."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
