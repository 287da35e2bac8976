"""gzip, piece by piece."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.http.unpack import MOST_ARCHIVES, PIECE, DamagedError, Unpacker


def unpacked(packed: bytes, size: int = PIECE) -> bytes:
    """Unpacks what arrives in parts of a size."""
    unpacker = Unpacker()
    parts = [packed[at : at + size] for at in range(0, len(packed), size)]
    pieces = [piece for part in parts for piece in unpacker.pieces(part)]
    assert all(0 < len(piece) <= PIECE for piece in pieces)
    unpacker.end()
    return b"".join(pieces)


@given(bodies=st.lists(st.binary(max_size=300), min_size=1, max_size=3), size=st.integers(1, 50), pad=st.integers(0, 3))
def test_it_comes_out_as_it_went_in(bodies: list[bytes], size: int, pad: int) -> None:
    """In whichever parts, several archives one after the other, and padding behind them."""
    packed = b"".join(gzip.compress(body) for body in bodies) + b"\0" * pad
    assert unpacked(packed, size) == b"".join(bodies)


@pytest.mark.parametrize("length", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 10 * PIECE + 7])
@pytest.mark.parametrize("size", [1000, 10**9])
def test_a_body_of_any_length_comes_whole(length: int, size: int) -> None:
    assert unpacked(gzip.compress(b"x" * length), size) == b"x" * length


@given(cut=st.integers(1, 200), size=st.integers(1, 300))
def test_what_is_cut_is_damaged_wherever_it_is_cut(cut: int, size: int) -> None:
    packed = gzip.compress(bytes(range(256)) * 3)
    with pytest.raises(DamagedError):
        unpacked(packed[: -min(cut, len(packed) - 1)], size)


@pytest.mark.parametrize(
    "packed",
    [
        b"plain",
        b"\0\0\0",
        zlib.compress(b"x" * 1000),
        gzip.compress(b"x" * 1000)[:-8] + b"\0" * 8,
        gzip.compress(b"x") + b"trailing",
    ],
    ids=["plain", "nothing", "another packing", "checksum", "trailing"],
)
def test_what_is_no_gzip_is_damaged(packed: bytes) -> None:
    with pytest.raises(DamagedError):
        unpacked(packed)


def test_no_body_at_all_is_whole() -> None:
    assert unpacked(b"") == b""


def test_archives_without_end_are_damaged() -> None:
    with pytest.raises(DamagedError, match="too many"):
        unpacked(gzip.compress(b"") * (MOST_ARCHIVES + 1))
