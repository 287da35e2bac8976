"""Small irregularities that are always the same.

Which of several forms a record takes, which of several orders a list has.
"""

from zlib import crc32


def dice(text: str, sides: int) -> int:
    """A number below `sides`, always the same for one text."""
    return crc32(text.encode()) % sides
