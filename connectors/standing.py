"""What is given in place of an answer that cannot be had: the one of before, unless the right to it was withdrawn.

It goes on standing in for a moment without anybody asking anew, so that a source that fails is left alone.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias, cast

from msgspec import Struct

from connectors.contract import Stale
from connectors.errors import ConnectorError, MissingError, OutOfTimeError
from connectors.lifetimes import may_stand_in
from connectors.questions import Question, Value
from connectors.remembered import Entry, Memory
from schema.model import Execution

REST, LONGEST_REST = 1.0, 5.0
"Seconds after a failure in which an answer of before is given without asking again; the most, if told to wait longer."
PATIENCE = 0.5
"Of the time left to a query: how long to wait for an answer when there is one of before."
FAIR = 1.0
"Seconds of waiting in vain that tell something of the source."

Key: TypeAlias = tuple[object, int, Question]
"Whose it is, how many deletions there were before (for lists), and the question."


class Found(Struct, frozen=True):
    """What is given for a question."""

    value: Value | ConnectorError
    stale: Stale | None = None


@dataclass(slots=True)
class StandIns:
    """The answers of before of one source, and when it is asked anew."""

    memory: Memory
    clock: Callable[[], float]
    uses: Counter[str]
    "Where it counts how often one stood in."
    _rest: float = field(default=float("-inf"), init=False)
    "Until when the last failure lets answers rest."
    _refused_at: float = field(default=float("-inf"), init=False)
    "When the credentials were refused: what is older stands in for nothing."

    def may(self, entry: Entry | None) -> bool:
        """Whether this may stand in for a newer answer."""
        return entry is not None and entry.born >= self._refused_at and not isinstance(entry.answer.value, MissingError)

    def give(self, key: Key, error: ConnectorError) -> Found | None:
        """What was remembered before, in place of this error."""
        entry = self.memory.get(key) if may_stand_in(error) else None
        if entry is None or not self.may(entry):
            return None
        self.uses["stood in"] += 1
        value, question = cast(Value, entry.answer.value), key[2]
        is_over = value.status.is_final if isinstance(value, Execution) else getattr(question, "is_final", False)
        return Found(value, None if is_over else Stale(entry.answer.as_of, error))

    def take_late(self, key: Key, left: float | None) -> None:
        """Having waited in vain for long, the next ones do not, for a moment. `left` is what the query had."""
        if left is not None and left * PATIENCE >= FAIR:
            self.let_rest(key, OutOfTimeError("no answer in half of the time that a query had left"))

    def let_rest(self, key: Key, error: ConnectorError) -> None:
        """Answers of a source whose rests overlap rest until the same moment: then all are tried again together."""
        self._rest = max(self._rest, self.clock() + min(max(REST, error.retry_after or 0.0), LONGEST_REST))
        if (entry := self.memory.get(key)) is not None:
            entry.failure = error
            entry.rests_until = self._rest

    def take_refusal(self) -> None:
        """The right to all of them was withdrawn."""
        self._refused_at = self.clock()


def end_of_rest(entry: Entry) -> float:
    """Until when what stands in goes on doing so, without anybody asking anew."""
    return min(entry.rests_until, entry.end)
