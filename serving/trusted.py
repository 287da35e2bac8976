"""Trusted documents: those that the operator's clients are known to send, by the SHA-256 of their text.

The manifest is what client tools write: `{"<sha256>": "<document>"}`, or Apollo's `{"operations": [{id, body}]}`.
"""

from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from engine.documents import sha256_of

PREFIX = "sha256:"


class Trust(StrEnum):
    """What becomes of a document that is not in the manifest."""

    OFF = "off"
    LOG = "log"
    ENFORCE = "enforce"


class Manifest:
    """The documents by hash."""

    def __init__(self, documents: Mapping[str, str]) -> None:
        self.documents = documents

    @classmethod
    def read(cls, file: Path) -> "Manifest":
        """From its file.

        Raises:
            ValueError: It cannot be read, or a document is not what its hash says.
        """
        try:
            told = msgspec.json.decode(file.read_bytes())
            documents = dict(_pairs(told))
        except OSError as error:
            raise ValueError(f"the file {file.name} cannot be read: {error.strerror or error}") from None
        except (msgspec.MsgspecError, ValueError, TypeError, KeyError, AttributeError):
            raise ValueError(f"the file {file.name} is no manifest of documents by their sha256") from None
        for sha256, text in documents.items():
            if sha256_of(text) != sha256:
                raise ValueError(f"the file {file.name} has a document under {sha256[:80]}, which is not its sha256")
        return cls(documents)


class TrustedDocuments(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[server] trusted_documents`."""

    file: Manifest
    mode: Trust = Trust.ENFORCE


def _pairs(told: Any) -> Iterator[tuple[str, str]]:
    if isinstance(told.get("operations"), list):
        told = {one["id"]: one["body"] for one in told["operations"]}
    for sha256, text in told.items():
        if not isinstance(text, str):
            raise TypeError
        yield sha256.removeprefix(PREFIX).lower(), text
