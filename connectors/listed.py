"""The rows of lists: placed when they come, and read when somebody looks at them.

Most rows of a list are there to be sorted, and few to be shown. Of a page that is well not even the records are cut out
of its body until the list comes to them: that is `Listing`. `lists` makes it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar, overload

from msgspec import Raw, Struct

from connectors.errors import ConnectorError
from schema.identity import NativeId
from schema.instant import read_ns
from schema.model import Execution

W = TypeVar("W")


class Unreadable(Struct, frozen=True):
    """A record that could not be read, left out of its page."""

    native_id: str | None
    reason: str


class Listed(Struct, eq=False, gc=False):
    """One run of a list: its place, and its record.

    A record whose place can be told may still turn out to be unreadable: it is left out then, with word, as those are
    whose place cannot be told.
    """

    key: NativeId
    at: int | str | None
    "Its start in nanoseconds since 1970; or as text, which is not read yet."
    record: Raw
    reader: Callable[[Raw], Execution]
    found: Execution | Unreadable | None = None
    "What it was read as."

    @classmethod
    def of(cls, run: Execution) -> "Listed":
        """One that has been read."""
        at = None if run.started_at is None else run.started_at.ns
        return cls(run.key, at, _NO_RECORD if run.raw is None else run.raw, _is_read, run)

    @property
    def started(self) -> int | None:
        """Its start in nanoseconds since 1970. None where there is none, or none that can be read."""
        at = self.at
        if not isinstance(at, str):
            return at
        try:
            at = self.at = read_ns(at)
        except ValueError as error:
            at = self.at = None
            self._give_up(str(error))
        return at

    def _give_up(self, reason: str) -> None:
        """Its place is not known after all."""
        if isinstance(self.read(), Execution):
            self.found = Unreadable(native_id=self.key.execution[:200], reason=reason[:200])

    def read(self) -> Execution | Unreadable:
        """The run, the same one each time."""
        if self.found is None:
            try:
                self.found = self.reader(self.record)
            except (ConnectorError, ValueError, ArithmeticError) as error:
                self.found = Unreadable(native_id=self.key.execution[:200], reason=str(error)[:200])
        return self.found


_NO_RECORD = Raw()


def _is_read(_: Raw) -> Execution:
    raise AssertionError("it was read before")


class Listing(Sequence[Listed], Generic[W]):
    """The rows of a page that all have a start, each made when somebody comes to it, and the same one each time."""

    __slots__ = ("_cut", "_key_of", "_reader", "_records", "_rows", "_starts", "_wires", "comparable", "size")

    def __init__(
        self,
        wires: Sequence[W],
        starts: Sequence[str],
        cut: Callable[[], Sequence[Raw]],
        key_of: Callable[[W], NativeId],
        reader: Callable[[Raw], Execution],
        *,
        size: int,
    ) -> None:
        """Takes row by row what `key_of` makes a key of, and the start.

        Args:
            wires: Of each record what tells which run it is.
            starts: As they are written.
            cut: Cuts out the records, row by row. Called once, when the first row is made.
            key_of: Which run it is.
            reader: Reads a record.
            size: Bytes of all records together, or of what they are cut out of.

        Raises:
            ValueError: The starts are not comparable.
        """
        if (sorts_as := comparable(starts)) is None:
            raise ValueError("starts that do not sort as texts")
        self.comparable = sorts_as
        "What sorts as the starts do."
        self.size = size
        self._wires = wires
        self._starts = starts
        self._cut = cut
        self._key_of = key_of
        self._reader = reader
        self._records: Sequence[Raw] = ()
        self._rows: list[Listed | None] = [None] * len(wires)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> Listed: ...

    @overload
    def __getitem__(self, at: slice) -> Sequence[Listed]: ...

    def __getitem__(self, at: int | slice) -> Listed | Sequence[Listed]:
        if isinstance(at, slice):
            return [self[one] for one in range(*at.indices(len(self._rows)))]
        row = self._rows[at]
        if row is None:
            row = self._rows[at] = Listed(self._key_of(self._wires[at]), self._starts[at], _NO_RECORD, self._reader)
            try:
                if not self._records:
                    self._records, self._cut = self._cut(), _is_cut
                row.record = self._records[at]
            except RecursionError:  # there was more room on the stack when the page was read
                row.found = Unreadable(native_id=row.key.execution[:200], reason="nested too deeply")
        return row

    def __iter__(self) -> Iterator[Listed]:
        return map(self.__getitem__, range(len(self._rows)))


def _is_cut() -> Sequence[Raw]:
    raise AssertionError("it was cut before")


def comparable(starts: Sequence[Any]) -> Sequence[str] | None:
    """What sorts as these times do, which nobody has read. None if one is missing, or not in UTC with a `T` and a `Z`.

    The texts themselves, if they are all of one length; else without the `Z`, so that nothing stands where in others
    a fraction does.
    """
    if not all(starts):
        return None
    lengths = set(map(len, starts))
    if len(lengths) == 1:
        (length,), together, of = lengths, "".join(starts), len(starts)
        return starts if together[10::length] == "T" * of and together[length - 1 :: length] == "Z" * of else None
    if {text[10:11] + text[-1:] for text in starts} - {"TZ"}:
        return None
    return [text[:-1] for text in starts]
