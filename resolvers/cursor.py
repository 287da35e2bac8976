"""Cursors: a place in one list, to go on from in any process, at any time.

A cursor holds the key of the last row given, when the list was first asked for, a fingerprint of input and order, and
by how much the sources were seen to be out of order. The last cursor of a page holds hints besides: for each partition
how far off its next row is at least, so that a partition without rows is not asked in vain, and a number that tells its
stream where to begin. Hints only save calls; they are left out when they do not fit, and those of a source are ignored
when its partitions are not the same any more. No provider's token is ever in it.

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
from msgspec.structs import replace

from resolvers.ordering import Bound
from schema.instant import SECOND

VERSION = b"\x01"
MAC_BYTES = 12
MAX_LENGTH = 4096  # characters
MAX_UNPACKED = 64 * 1024  # bytes
DEFAULT_KEY = b"histograph cursor"

EXHAUSTED = 0xFFF
GROWTH = 1.005
"Each further unit of a distance stands for this many times more, from a second on: 4094 of them reach for ages."


class Hints(Struct, frozen=True, array_like=True):
    """What was known of one source's partitions, in their order."""

    partitions: bytes
    "Fingerprint of the source's name and its partitions."
    distances: bytes
    "Twelve bits a partition, see `distance` and `pack_distances`."
    numbers: bytes
    "What helps each of its streams, see `pack_numbers`; empty when left out."


class Cursor(Struct, frozen=True, array_like=True):
    """A place in a list. `position` is the key of the last row given, or a bound where the list stopped.

    Its rank is written in digits: it may have more than 64 bits.
    """

    position: list[str]
    as_of: int
    "Nanoseconds since 1970."
    fingerprint: bytes
    "Of input and order."
    slack: dict[str, int] = {}
    "By source: nanoseconds by which its rows were seen out of order."
    hints: list[Hints] = []

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
    """The cursor as text of at most `MAX_LENGTH` characters; numbers, then all hints, are left out to fit."""
    slim = [replace(hints, numbers=b"") for hints in cursor.hints]
    texts = (_written(replace(cursor, hints=hints), key) for hints in (cursor.hints, slim))
    return next((text for text in texts if len(text) <= MAX_LENGTH), None) or _written(replace(cursor, hints=[]), key)


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
        # there is one way to write it: the decoder would overlook characters that are none of base64url's
        if _text(data) != text or version != VERSION or not hmac.compare_digest(mac, _mac(body, key)):
            raise NotACursorError
        cursor = _decode.decode(zlib.decompressobj().decompress(body, MAX_UNPACKED))
        cursor.bound  # noqa: B018  # read once, to see that it can be
    except (ValueError, TypeError, binascii.Error, zlib.error, msgspec.MsgspecError) as error:
        raise NotACursorError from error
    return cursor


def _written(cursor: Cursor, key: bytes) -> str:
    body = zlib.compress(_encode.encode(cursor), 9)
    return _text(VERSION + _mac(body, key) + body)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _mac(body: bytes, key: bytes) -> bytes:
    return blake2b(VERSION + body, key=key[:64], digest_size=MAC_BYTES).digest()


def fingerprint(*parts: object) -> bytes:
    """Eight bytes that tell one input from another."""
    return blake2b(msgspec.json.encode(parts, order="deterministic"), digest_size=8).digest()


def distance(ranks: int) -> int:
    """How far off a row is, in twelve bits that never say too much; 0: not known, or near."""
    if ranks < SECOND:
        return 0
    units = min(int(math.log(ranks / SECOND, GROWTH)) + 1, EXHAUSTED - 1)
    while units and at_least(units) > ranks:  # the logarithm is rounded
        units -= 1
    return units


def at_least(units: int) -> int:
    """The ranks that a distance stands for."""
    return 0 if units == 0 else int(SECOND * GROWTH ** (min(units, EXHAUSTED - 1) - 1))


def position_of(bound: Bound) -> list[str]:
    """A key or a bound as a cursor holds it."""
    rank, *names = bound
    return [str(rank), *names]


def pack_distances(units: Sequence[int]) -> bytes:
    """The high eight bits of all, which compress well, then the low four in pairs."""
    low = [one & 0xF for one in units] + [0] * (len(units) % 2)
    pairs = zip(low[::2], low[1::2], strict=True)
    return bytes(one >> 4 for one in units) + bytes(one << 4 | other for one, other in pairs)


def unpack_distances(data: bytes, count: int) -> list[int] | None:
    """As many distances as there are partitions; None when these are not so many."""
    if len(data) != count + (count + 1) // 2:
        return None
    low = [part for pair in data[count:] for part in (pair >> 4, pair & 0xF)]
    return [high << 4 | part for high, part in zip(data, low[:count], strict=False)]


def pack_numbers(numbers: Sequence[int | None]) -> bytes:
    """Numbers below 2**24 as three planes of bytes, of which all but the lowest compress well."""
    known = [NO_NUMBER if number is None else min(number, NO_NUMBER) for number in numbers]
    return b"".join(bytes(number >> shift & 0xFF for number in known) for shift in SHIFTS)


def unpack_numbers(data: bytes) -> list[int | None]:
    """The numbers that were packed."""
    count = len(data) // len(SHIFTS)
    planes = [data[count * index : count * (index + 1)] for index in range(len(SHIFTS))]
    found = [sum(byte << shift for byte, shift in zip(each, SHIFTS, strict=True)) for each in zip(*planes, strict=True)]
    return [None if number == NO_NUMBER else number for number in found]


SHIFTS = (16, 8, 0)
NO_NUMBER = 0xFFFFFF


def hints_for(
    source: str, partitions: Sequence[str], rank: int, rest: Sequence[tuple[Bound | None, int | None]]
) -> Hints:
    """Hints from where the streams of a source stand: for each the bound of what is left, and its number."""
    distances = pack_distances([EXHAUSTED if bound is None else distance(bound[0] - rank) for bound, _ in rest])
    numbers = [number for _, number in rest]
    is_any = any(number is not None for number in numbers)
    return Hints(fingerprint(source, *partitions), distances, pack_numbers(numbers) if is_any else b"")


Places = Sequence[tuple[Bound | None, int | None]]


def places_from(hints: Sequence[Hints], source: str, partitions: Sequence[str], position: Bound) -> Places:
    """For each partition of a source the bound and the number that hints tell; without hints the position."""
    if not hints:
        return [(position, None)] * len(partitions)
    name = fingerprint(source, *partitions)
    own = next((one for one in hints if one.partitions == name), None)
    distances = None if own is None else unpack_distances(own.distances, len(partitions))
    if own is None or distances is None:
        return [(position, None)] * len(partitions)
    numbers = unpack_numbers(own.numbers) or [None] * len(partitions)
    return [(_bound(units, position), number) for units, number in zip(distances, numbers, strict=True)]


def _bound(units: int, position: Bound) -> Bound | None:
    if units == EXHAUSTED:
        return None
    return position if units == 0 else (position[0] + at_least(units),)
