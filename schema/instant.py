"""Points in time that lose no digit: the text as RFC 3339 in UTC, and nanoseconds since 1970 to sort and subtract by.

`datetime` ends at microseconds, and two of the providers send nanoseconds.
"""

import re
import time
from calendar import timegm
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Annotated, Self

import msgspec
from msgspec import Struct

SECOND, MILLISECOND = 1_000_000_000, 1_000_000  # nanoseconds
FIRST, LAST = timegm((1, 1, 1, 0, 0, 0)), timegm((9999, 12, 31, 23, 59, 59))  # seconds since 1970

_EPOCH = datetime(1970, 1, 1)  # all times below are UTC
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d\d:?\d\d)", flags=re.ASCII)


class Instant(Struct, frozen=True, order=True, gc=False):
    """A point in time. Compares and sorts by `ns`. Holds nothing that could lead back to it: none for the collector."""

    ns: int
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instant) and self.ns == other.ns

    def __hash__(self) -> int:
        return hash(self.ns)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Reads RFC 3339 with any offset, with `T` or a blank between date and time, and with 0 to 9 fraction digits.

        Raises:
            ValueError: It is not such a text, or there is no such day or time.
        """
        ns = plain_ns(text)
        if ns is not None:
            return cls(ns, text)
        match = _RFC3339.fullmatch(text)
        if match is None:
            raise ValueError(f"not an RFC 3339 time with a zone: {text[:40]!r}")
        whole, fraction, zone = match.groups()
        leap = whole.endswith("60")  # RFC 3339 allows it; told as the next second
        since = datetime.fromisoformat(whole[:-2] + "59" if leap else whole) - _EPOCH
        seconds = since.days * 86400 + since.seconds + leap
        digits = fraction or ""
        ns = seconds * SECOND + int(digits.ljust(9, "0"))
        if zone not in "Zz":
            ahead = (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60) * (1 if zone[0] == "+" else -1)
            seconds, ns = seconds - ahead, ns - ahead * SECOND
        if not FIRST <= seconds <= LAST:
            raise ValueError(f"not in the years 1 to 9999 of UTC: {text[:40]!r}")
        return cls(ns, _text(seconds, digits))

    @classmethod
    def of(cls, ns: int) -> Self:
        """From nanoseconds since 1970; the text has as many fraction digits as are needed, in threes."""
        seconds, rest = divmod(ns, SECOND)
        if not rest:
            digits = ""
        elif rest % MILLISECOND == 0:
            digits = f"{rest // MILLISECOND:03d}"
        else:
            digits = f"{rest:09d}".removesuffix("000")
        return cls(ns, _text(seconds, digits))

    @classmethod
    def now(cls) -> Self:
        """The wall clock's time."""
        return cls.of(time.time_ns())


def read_ns(text: str | None) -> int | None:
    """The nanoseconds alone, for those who only sort. None for a time that is not there.

    Raises:
        ValueError: As in `Instant.parse`.
    """
    if not text:
        return None
    ns = plain_ns(text)
    return Instant.parse(text).ns if ns is None else ns


def are_times(texts: Sequence[str]) -> bool:
    """Whether `Instant.parse` can read each, told of all at once. False if that is not sure, as at the ends of time."""
    try:
        msgspec.convert((texts,), _Times)
    except msgspec.ValidationError:
        return False
    together = "".join(texts)
    return "0001-" not in together and "9999-" not in together  # where an offset may lead beyond


def plain_ns(text: str) -> int | None:
    """Of a time that is written as we would write it, as nearly all are; None for any other."""
    try:
        ns = _minute_ns(text[:17]) + _SECONDS[text[17:19]]
        if len(text) < 25:
            return ns + _ENDS[text[19:]]
        digits = text[20:-1]
        if text[19] == "." and text[-1] == "Z" and digits.isdecimal() and digits.isascii():
            return ns + int(digits) * _SCALE[len(digits)]
        return None
    except (ValueError, LookupError):
        return None


@lru_cache(maxsize=8192)
def _minute_ns(text: str) -> int:
    """Lists are read again and again, and their runs start in a few thousand minutes."""
    if text[4:17:3] != "--T::":
        raise ValueError
    since = datetime.fromisoformat(text[:16]) - _EPOCH
    return (since.days * 86400 + since.seconds) * SECOND


@lru_cache(maxsize=8192)
def _minute(at: int) -> str:
    """The same the other way round; minutes since 1970."""
    return (_EPOCH + timedelta(minutes=at)).isoformat(timespec="minutes")


class _Times(Struct, array_like=True):
    """A list alone would be looked into as a type each time."""

    all: list[Annotated[datetime, msgspec.Meta(tz=True)]]


_SECONDS = {f"{at:02d}": at * SECOND for at in range(60)}
_SCALE: tuple[int, ...] = tuple(10 ** (9 - digits) for digits in range(10))
_ENDS = {"Z": 0} | {f".{at:0{digits}d}Z": at * _SCALE[digits] for digits in range(1, 4) for at in range(10**digits)}
"What follows the seconds, to the millisecond: one look-up both checks and reads it."


def _text(seconds: int, digits: str) -> str:
    if FIRST <= seconds <= LAST:
        minute, second = divmod(seconds, 60)
        whole = f"{_minute(minute)}:{second:02d}"
    else:  # a bound that somebody has widened
        day = time.gmtime(seconds)
        whole = f"{day[0]:04d}-{day[1]:02d}-{day[2]:02d}T{day[3]:02d}:{day[4]:02d}:{day[5]:02d}"
    return f"{whole}.{digits}Z" if digits else f"{whole}Z"
