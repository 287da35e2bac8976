"""From the body of a list to its rows: a place for each, and its record for when somebody looks at it.

A body is decoded once, and of each record no more than tells where it stands. Its records are cut out when the list
comes to the first of them, and read when they are shown. If one of them spoils that, each is placed by itself, so that
it spoils itself and not its page.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Generic, TypeVar, cast

import msgspec
from msgspec import Raw

from connectors.errors import ConnectorError
from connectors.http.client import Response
from connectors.listed import Listed, Listing, Unreadable
from connectors.reading import BYTE_ORDER_MARK, body_of, id_of
from schema.identity import NativeId
from schema.instant import read_ns
from schema.model import Execution

P = TypeVar("P")
R = TypeVar("R")
W = TypeVar("W")
Item = TypeVar("Item")
"What a page holds: places, or undecoded records."

_UNREADABLE = (ConnectorError, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)


class ListForm(Generic[P, R, W]):
    """How a provider writes a page of runs."""

    def __init__(
        self,
        of_places: type[P],
        of_records: type[R],
        place: type[W],
        items: Callable[[P | R], Sequence[Any]],
        start_of: Callable[[W], str | None],
        *,
        id_field: str = "id",
    ) -> None:
        """Takes wire models of a page.

        Args:
            of_places: One that holds `place`s.
            of_records: The same, but with records that are undecoded.
            place: As little of a record as tells where it stands. There are many for a while: have the collector leave
                them out (`gc=False`), or going through them costs as much as a layer of HTTP.
            items: The places, or the records, of a page.
            start_of: When a run started, as it is written.
            id_field: The member that names a run.
        """
        self._places = msgspec.json.Decoder(of_places)
        self._records = msgspec.json.Decoder(of_records)
        self._place = msgspec.json.Decoder(place)
        self._items = items
        self._start_of = start_of
        self._id_field = id_field

    def read(
        self, response: Response, what: str, key_of: Callable[[W], NativeId], read: Callable[[Raw], Execution]
    ) -> tuple[P | R, Sequence[Listed], Sequence[Unreadable]]:
        """The page, whatever its items are; the rows whose place can be told, and word of those where it cannot.

        A start that is written like a time and is none is found when the list comes to it.

        Args:
            response: The answer.
            what: Is listed.
            key_of: Which run stands at a place.
            read: Reads all of a record, by and by, and finds the same place.

        Raises:
            UnreadableError: It is no such page.
        """
        body = response.body.removeprefix(BYTE_ORDER_MARK)
        try:
            page = self._places.decode(body)
            wires = self._items(page)
            starts = cast(Sequence[str], list(map(self._start_of, wires)))
            cut = partial(self._cut, body)
            return page, Listing(wires, starts, cut, key_of, read, size=len(body)) if wires else (), ()
        except _UNREADABLE:
            return self._one_by_one(body_of(response, self._records, what), key_of, read)

    def _cut(self, body: bytes) -> Sequence[Raw]:
        """The records of a page that was decoded before."""
        return self._items(self._records.decode(body))

    def _one_by_one(
        self, page: R, key_of: Callable[[W], NativeId], read: Callable[[Raw], Execution]
    ) -> tuple[R, Sequence[Listed], Sequence[Unreadable]]:
        good: list[Listed] = []
        bad: list[Unreadable] = []
        for record in self._items(page):
            try:
                wire = self._place.decode(record)
                good.append(Listed(key_of(wire), read_ns(self._start_of(wire)), record, read))
            except _UNREADABLE as error:
                bad.append(Unreadable(native_id=id_of(record, self._id_field), reason=_why(record, read, error)))
        return page, good, bad


def _why(record: Raw, read: Callable[[Raw], Execution], error: Exception) -> str:
    """In the words of whoever reads all of it."""
    try:
        read(record)
    except (ConnectorError, ValueError, ArithmeticError) as told:
        error = told
    return str(error)[:200]
