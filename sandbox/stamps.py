"""Instants as text, and back.

Epoch nanoseconds on our side, RFC 3339 with any number of fraction digits on the wire.
"""

import re
from calendar import timegm
from datetime import UTC, datetime
from functools import lru_cache

from sandbox.model import SECOND

_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)")


def stamp(instant: int, digits: int) -> str:
    """`2024-02-09T08:00:00.000Z` for three digits; the rest is cut off, not rounded."""
    seconds, nanos = divmod(instant, SECOND)
    return f"{_to_second(seconds)}.{nanos:09d}"[: 20 + digits] + "Z" if digits else f"{_to_second(seconds)}Z"


def fewest_digits(nanos: int) -> int:
    """0, 3, 6 or 9: as many digits as protobuf's JSON gives a fraction of so many nanoseconds."""
    return 0 if not nanos else 3 if nanos % 1_000_000 == 0 else 6 if nanos % 1_000 == 0 else 9


def instant(text: str) -> int:
    """Epoch nanoseconds of an RFC 3339 text.

    Raises:
        ValueError: It is none.
    """
    match = _RFC3339.fullmatch(text)
    if not match:
        raise ValueError(f"not an RFC 3339 time: {text!r}")
    day, time, fraction, offset = match.groups()
    moment = datetime.strptime(f"{day} {time} +00:00", "%Y-%m-%d %H:%M:%S %z")
    shift = 0 if offset == "Z" else int(f"{offset[0]}1") * (int(offset[1:3]) * 3600 + int(offset[4:]) * 60)
    return (timegm(moment.utctimetuple()) - shift) * SECOND + int((fraction or "").ljust(9, "0"))


@lru_cache(maxsize=20_000)
def _to_second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
