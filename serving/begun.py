"""Coroutines of which the first step is made by hand: what waits for nothing needs no task and no timeout around it."""

from collections.abc import Coroutine, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Begun(Generic[T]):
    """A coroutine that has begun. Either it has ended at once, or it is awaited to its end, as from its beginning."""

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        """Makes the first step. What it raises is raised here."""
        self._coroutine = coroutine
        self.ended = False
        self.result: T
        "When it has ended."
        try:
            self._waits_for = coroutine.send(None)
        except StopIteration as done:
            self.ended, self.result = True, done.value

    def __await__(self) -> Generator[Any, Any, T]:
        """The rest."""
        coroutine, waits_for = self._coroutine, self._waits_for
        while True:
            try:
                try:
                    sent = yield waits_for
                except BaseException as error:
                    waits_for = coroutine.throw(error)
                else:
                    waits_for = coroutine.send(sent)
            except StopIteration as done:
                result: T = done.value
                return result
