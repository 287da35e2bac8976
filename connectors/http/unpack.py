"""Unpacks gzip piece by piece, so that a bound on what comes out holds whatever goes in.

The HTTP library would unpack by itself, but says nothing of an archive that ends too early.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

GZIP = frozenset({"gzip", "x-gzip"})
WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS
PIECE = 64 * 1024  # bytes
MOST_ARCHIVES = 100  # one after the other in one body; empty ones would cost time and give nothing


class DamagedError(Exception):
    """This is no gzip, or not whole."""


@dataclass(slots=True)
class Unpacker:
    """Takes packed pieces in their order."""

    _archive: Any = field(default=None, init=False)
    "A decompressor in the middle of its work; None before the first byte, and after an end."
    _ended: int = field(default=0, init=False)

    def pieces(self, packed: bytes) -> Iterator[bytes]:
        """What comes out, in pieces of `PIECE` bytes at the most.

        Raises:
            DamagedError: By its checksum, or by what it starts with.
        """
        is_more = True
        while is_more:
            if self._archive is None:
                packed = packed.lstrip(b"\0") if self._ended else packed  # padding
                if not packed:
                    return
                self._archive = zlib.decompressobj(WITH_GZIP_HEADER)
            try:
                piece = self._archive.decompress(packed, PIECE)
            except zlib.error as error:
                raise DamagedError(str(error)) from None
            if piece:
                yield piece
            if self._archive.eof:
                packed, self._archive = self._archive.unused_data, None
                self._count_end()
            else:
                packed = self._archive.unconsumed_tail
                is_more = bool(packed) or len(piece) == PIECE  # a full piece: there may be more inside

    def end(self) -> None:
        """Nothing more comes.

        Raises:
            DamagedError: More should have come.
        """
        if self._archive is not None:
            raise DamagedError("it ends too early")

    def _count_end(self) -> None:
        self._ended += 1
        if self._ended > MOST_ARCHIVES:
            raise DamagedError("too many archives in one")
