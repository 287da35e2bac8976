"""Cursors: a place in one list, to go on from in any process, at any time.

A cursor holds the key of the last row given, when the list was first asked for, and a fingerprint of input and order.
The last cursor of a page holds hints besides: for each partition how far off its next row is at least, so that a
partition without rows is not asked in vain, and where its offsets stand. Hints only save calls; they are left out when
they do not fit, and ignored when the partitions are not the same any more. No provider's token is ever in it.

On the wire: version, MAC, then zlib-compressed msgpack, in base64url. The MAC tells an accident or a meddler; with the
default key it keeps nothing secret, nor does it have to: a cursor gives nothing that its input does not.
"""

import binascii
import hmac
import math
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b

import msgspec
from msgspec import Struct

from resolvers.ordering import Bound
from schema.instant import SECOND

VERSION = b"\x01"
MAC_BYTES = 12
MAX_LENGTH = 4096  # characters
MAX_UNPACKED = 64 * 1024  # bytes
DEFAULT_KEY = b"histograph cursor"

EXHAUSTED = 255
GROWTH = 1.08
"Each further unit of a distance stands for this many times more, from a second on: 254 of them reach for ages."


class Hints(Struct, frozen=True, array_like=True):
    """What was known of all partitions, in their order. A length other than theirs makes them void."""

    partitions: bytes
    "Fingerprint of the partitions."
    distances: bytes
    "One byte a partition, see `distance`."
    offsets: list[int | None]


class Cursor(Struct, frozen=True, array_like=True):
    """A place in a list. `position` is the key of the last row given, or a bound where the list stopped.

    Its rank is written in digits: it may have more than 64 bits.
    """

    position: list[str]
    as_of: int
    "Nanoseconds since 1970."
    fingerprint: bytes
    "Of input and order."
    hints: Hints | None = None

    @property
    def bound(self) -> Bound:
        """The position as a key."""
        rank, *names = self.position
        return int(rank), *names


class NotACursorError(ValueError):
    """Not written by `write`, or changed since."""


_encode = msgspec.msgpack.Encoder()
_decode = msgspec.msgpack.Decoder(Cursor)


def write(cursor: Cursor, key: bytes = DEFAULT_KEY) -> str:
    """The cursor as text of at most `MAX_LENGTH` characters; offsets, then all hints, are left out to fit."""
    text = _written(cursor, key)
    if len(text) > MAX_LENGTH and cursor.hints is not None:
        slim = msgspec.structs.replace(cursor, hints=msgspec.structs.replace(cursor.hints, offsets=[]))
        text = _written(slim, key)
        if len(text) > MAX_LENGTH:
            text = _written(msgspec.structs.replace(cursor, hints=None), key)
    return text


def read(text: str, key: bytes = DEFAULT_KEY) -> Cursor:
    """The cursor that was written.

    Raises:
        NotACursorError: It is none of this version, or was changed.
    """
    if len(text) > MAX_LENGTH:
        raise NotACursorError
    try:
        data = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        version, mac, body = data[:1], data[1 : 1 + MAC_BYTES], data[1 + MAC_BYTES :]
        if version != VERSION or not hmac.compare_digest(mac, _mac(body, key)):
            raise NotACursorError
        unpacker = zlib.decompressobj()
        cursor = _decode.decode(unpacker.decompress(body, MAX_UNPACKED))
        cursor.bound  # noqa: B018  # read once, to see that it can be
    except (ValueError, TypeError, binascii.Error, zlib.error, msgspec.MsgspecError) as error:
        raise NotACursorError from error
    return cursor


def _written(cursor: Cursor, key: bytes) -> str:
    body = zlib.compress(_encode.encode(cursor), 9)
    return urlsafe_b64encode(VERSION + _mac(body, key) + body).rstrip(b"=").decode("ascii")


def _mac(body: bytes, key: bytes) -> bytes:
    return blake2b(VERSION + body, key=key[:64], digest_size=MAC_BYTES).digest()


def fingerprint(*parts: object) -> bytes:
    """Eight bytes that tell one input from another."""
    return blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=8).digest()


def distance(ranks: int) -> int:
    """How far off a row is, in a byte that never says too much; 0: not known, or near."""
    if ranks < SECOND:
        return 0
    units = min(int(math.log(ranks / SECOND, GROWTH)) + 1, EXHAUSTED - 1)
    while units and at_least(units) > ranks:  # the logarithm is rounded
        units -= 1
    return units


def at_least(units: int) -> int:
    """The ranks that a distance stands for."""
    return 0 if units == 0 else int(SECOND * GROWTH ** (units - 1))


def position_of(bound: Bound) -> list[str]:
    """A key or a bound as a cursor holds it."""
    rank, *names = bound
    return [str(rank), *names]


def hints_for(
    partitions: Sequence[tuple[str, str]], rank: int, rest: Sequence[tuple[Bound | None, int | None]]
) -> Hints:
    """Hints from where the streams stand: for each partition the bound of what is left, and the offset."""
    distances = bytes(EXHAUSTED if bound is None else distance(bound[0] - rank) for bound, _ in rest)
    return Hints(fingerprint(partitions), distances, [offset for _, offset in rest])
