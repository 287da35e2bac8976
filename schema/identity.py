"""Opaque ids: where a thing lives, packed so that it can be resolved without a store.

Native ids hold colons and slashes, so the parts travel as JSON, in base64url without padding.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

MAX_LENGTH = 2048  # characters; longer ids are none of ours
MAX_PART = 512

_parts = msgspec.json.Decoder(tuple[str, ...])


class NativeId(msgspec.Struct, frozen=True, order=True, gc=False):
    """A run inside its source. For some providers `execution` is unique only within `workflow`.

    There are many, and they hold texts alone: nothing for the collector to go through.
    """

    workflow: str
    execution: str


def pack(*parts: str) -> str:
    """The parts as one opaque id."""
    return urlsafe_b64encode(msgspec.json.encode(parts)).rstrip(b"=").decode("ascii")


def unpack(text: str) -> tuple[str, ...] | None:
    """The parts of an id; None when it is none of ours. Only the exact text that `pack` gives is accepted."""
    if len(text) > MAX_LENGTH:
        return None
    try:
        parts = _parts.decode(urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)))
    except (ValueError, msgspec.MsgspecError):
        return None
    if any(len(part) > MAX_PART for part in parts) or pack(*parts) != text:
        return None
    return parts
