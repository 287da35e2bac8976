"""SailPoint's `filters` grammar, with the fields of executions: `start_time` (eq lt le gt ge) and `status` (eq).

    filter = conjunction { "or" conjunction } ;  conjunction = term { "and" term }
    term = "not" term | "(" filter ")" | <field> <op> <value>

Strings stand in double quotes, times also bare. `startTime`, although the field is called so, is refused.
"""

import re
from collections.abc import Callable, Mapping

from sandbox.stamps import instant

Test = Callable[[int, str], bool]  # of a start in epoch nanoseconds and a status word

_TOKEN = re.compile(r'\s*(?:(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<mark>[()])|(?P<word>[^\s()"]+))')
_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda start, limit: start == limit,
    "lt": lambda start, limit: start < limit,
    "le": lambda start, limit: start <= limit,
    "gt": lambda start, limit: start > limit,
    "ge": lambda start, limit: start >= limit,
}


class FiltersError(ValueError):
    """The text is no filter, or no filter for executions."""


def read_filters(text: str) -> Test:
    """The test that a filter is.

    Raises:
        FiltersError: It is none.
    """
    reader = _Reader(text)
    test = reader.either()
    if reader.here:
        raise FiltersError(f"unexpected {reader.here}")
    return test


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[str] = []
        text, place = text.strip(), 0
        while place < len(text):
            match = _TOKEN.match(text, place)
            if not match:
                raise FiltersError(f"cannot read {text[place:]}")
            self._tokens.append(match[match.lastgroup or 0])
            place = match.end()

    @property
    def here(self) -> str:
        return self._tokens[0] if self._tokens else ""

    def either(self) -> Test:
        tests = [self._both()]
        while self._skips("or"):
            tests.append(self._both())
        return lambda start, status: any(test(start, status) for test in tests)

    def _both(self) -> Test:
        tests = [self._term()]
        while self._skips("and"):
            tests.append(self._term())
        return lambda start, status: all(test(start, status) for test in tests)

    def _term(self) -> Test:
        if self._skips("not"):
            inner = self._term()
            return lambda start, status: not inner(start, status)
        if self._skips("("):
            inner = self.either()
            if not self._skips(")"):
                raise FiltersError("a bracket is not closed")
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        if len(self._tokens) < 3:
            raise FiltersError("a comparison is <field> <op> <value>")
        field, operator, value = self._tokens[:3]
        del self._tokens[:3]
        text = re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value
        if field == "status" and operator == "eq" and value.startswith('"'):
            return lambda start, status: status == text
        if field != "start_time" or operator not in _COMPARE:
            raise FiltersError(f"{field} {operator} is not supported")
        try:
            limit, compare = instant(text), _COMPARE[operator]
        except ValueError as wrong:
            raise FiltersError(str(wrong)) from None
        return lambda start, status: compare(start, limit)

    def _skips(self, word: str) -> bool:
        if self.here == word:
            del self._tokens[0]
            return True
        return False
