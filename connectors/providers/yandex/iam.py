"""How Yandex lets one in: an IAM token, traded for a JWT signed with a service account's key, or for an OAuth token."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import jwt
import msgspec
from msgspec import Struct

from connectors.errors import RefusedError
from connectors.http.auth import Secret, Token
from connectors.http.client import HttpClient, post
from connectors.reading import body_of, instant
from schema.instant import SECOND

AUDIENCE = "https://iam.api.cloud.yandex.net/iam/v1/tokens"
JWT_LIFETIME = 3600  # seconds, the longest allowed
RENEW_AFTER = 3600.0  # seconds; tokens live up to 12 h, hourly renewal is advised


class WireIamToken(Struct, rename="camel"):
    """An IAM token."""

    iam_token: str
    expires_at: str | None = None


class WireKey(Struct):
    """An authorised key as the console writes it."""

    id: str
    service_account_id: str
    private_key: str


IAM_TOKEN = msgspec.json.Decoder(WireIamToken)
KEY = msgspec.json.Decoder(WireKey)


def signed_jwt(key: WireKey, now: float) -> str:
    """The JWT that is exchanged for an IAM token: PS256, one hour at the most."""
    claims = {"iss": key.service_account_id, "aud": AUDIENCE, "iat": int(now), "exp": int(now) + JWT_LIFETIME}
    return jwt.encode(claims, key.private_key, algorithm="PS256", headers={"kid": key.id})


@dataclass(frozen=True, slots=True)
class IamExchange:
    """Trades a signed JWT or an OAuth token for an IAM token."""

    http: HttpClient
    oauth_token: Secret | None = None
    service_account_key: Secret | None = None
    now: Callable[[], float] = time.time

    async def __call__(self) -> Token:
        """A new token."""
        response = await self.http.send(post("/iam/v1/tokens", self._request()))
        wire = body_of(response, IAM_TOKEN, "iam token")
        expires = instant(wire.expires_at)
        lives = RENEW_AFTER if expires is None else min(RENEW_AFTER, expires.ns / SECOND - self.now())
        return Token(Secret(wire.iam_token), lives)

    def _request(self) -> dict[str, str]:
        if self.oauth_token is not None:
            return {"yandexPassportOauthToken": self.oauth_token.reveal()}
        assert self.service_account_key is not None  # noqa: S101  # settings are checked at start
        key = KEY.decode(self.service_account_key.reveal())
        try:
            return {"jwt": signed_jwt(key, self.now())}
        except (ValueError, jwt.PyJWTError) as error:
            raise RefusedError("the private key of service_account_key cannot be used") from error
