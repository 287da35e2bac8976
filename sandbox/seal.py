"""Opaque page tokens.

A position, sealed so that a client can neither read nor bend it, and no server has to remember it.
"""

import hashlib
import hmac
import zlib
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

import msgspec

from sandbox.model import JSON

_SIGNATURE = 16  # bytes


class BrokenSealError(ValueError):
    """It is no token of ours."""


class Seal:
    """Makes tokens and reads them.

    Args:
        length: Tokens are padded to about so many characters.
    """

    def __init__(self, key: str, length: int = 0) -> None:
        self._key = key.encode()
        self._padding = length * 3 // 4

    def close(self, position: JSON) -> str:
        """A token: base64 with `/`, `+` and at its end `=`, always the same for one position."""
        body = zlib.compress(msgspec.json.encode(position))
        size = len(body).to_bytes(4, "big")
        signed = hmac.digest(self._key, body, "sha256")[:_SIGNATURE] + size + body
        signed += self._stream(signed, max(self._padding - len(signed), 0))
        signed += b"\xff" * ((2 - len(signed)) % 3 + 3)  # one left over: ends in a single «=»
        return b64encode(bytes(a ^ b for a, b in zip(signed, self._mask(len(signed)), strict=True))).decode()

    def open(self, token: str) -> JSON:
        """The position.

        Raises:
            BrokenSealError: It is no token of ours, or was changed.
        """
        try:
            masked = b64decode(token, validate=True)
        except (NotBase64, ValueError):
            raise BrokenSealError from None
        signed = bytes(a ^ b for a, b in zip(masked, self._mask(len(masked)), strict=True))
        start = _SIGNATURE + 4
        body = signed[start : start + int.from_bytes(signed[_SIGNATURE:start], "big")]
        if not hmac.compare_digest(signed[:_SIGNATURE], hmac.digest(self._key, body, "sha256")[:_SIGNATURE]):
            raise BrokenSealError
        return msgspec.json.decode(zlib.decompress(body))

    def _mask(self, length: int) -> bytes:
        return self._stream(b"mask", length)

    def _stream(self, start: bytes, length: int) -> bytes:
        return hashlib.shake_128(self._key + start).digest(length)
