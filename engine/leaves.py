"""Leaves of an answer, as Python expressions: what is of the expected class already is taken as it is.

Everything else goes to the type's own function, as graphql-core does with every value.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec
from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from msgspec import Raw


class IrregularError(Exception):
    """A value that compiled code leaves to graphql-core."""


@dataclass(frozen=True, slots=True)
class AttributeOf:
    """A custom scalar's value: an attribute of objects of one class, which is a text or a number."""

    cls: type
    name: str


class RawJson:
    """A custom scalar's value: the `msgspec.Raw` that holds it, checked and given as it is."""


Shortcut = AttributeOf | RawJson

TESTS = {
    GraphQLString: "type({}) is str",
    GraphQLID: "type({}) is str",
    GraphQLBoolean: "({} is True or x is False)",
    GraphQLInt: "(type({}) is int and -2147483648 <= x <= 2147483647)",
    GraphQLFloat: "(type({}) is float and x - x == 0.0)",  # neither infinite nor NaN
}
"What is true of `x`, read at the braces, when it is its own place in the answer."


@dataclass(frozen=True)
class Leaves:
    """The leaf types of one schema, with what stands for their values in compiled code, made once for each type."""

    shortcuts: Mapping[str, Shortcut] = field(default_factory=dict)
    _made: dict[tuple[str, str], Any] = field(default_factory=dict)

    def expression(
        self, kind: GraphQLLeafType, is_nullable: bool, read: str, name: Callable[[Any], str], is_sound: bool
    ) -> str:
        """What becomes of a value, as an expression.

        None of a leaf that may not be null raises, as all that is not regular.

        Args:
            read: How the value is read; from then on it is `x`, if it is more than read.
            name: Gives a thing of ours a name in the code.
            is_sound: The value was tested before.
        """
        bound = bind(read)
        first = "x" if is_nullable else bound
        shortcut = self.shortcuts.get(kind.name)
        if isinstance(shortcut, AttributeOf):
            regular = f"{'x' if is_nullable else read}.{shortcut.name}"
            if not is_sound:
                otherwise = f"{name(self._once('odd', kind, Odd))}(x, p)"
                regular = f"x.{shortcut.name} if type({first}) is {name(shortcut.cls)} else {otherwise}"
        elif isinstance(shortcut, RawJson):
            regular = f"{name(self._once('passing', kind, Passing))}({first})"
        elif isinstance(kind, GraphQLEnumType):
            regular = f"{name(self._once('words', kind, Words))}[{first}]"
        elif kind in TESTS:
            if is_sound:
                return read
            test, otherwise = TESTS[kind], f"{name(self._once('odd', kind, Odd))}(x, p)"
            if is_nullable:
                return f"x if {bound} is None or {test.format('x')} else {otherwise}"
            return f"x if {test.format(bound)} else {otherwise}"
        else:
            regular = f"{name(self._slow(kind))}({first})"
        return f"None if {bound} is None else {regular}" if is_nullable else regular

    def _slow(self, kind: GraphQLLeafType) -> Callable[[object], Any]:
        found: Callable[[object], Any] = self._made.setdefault(("slow", kind.name), partial(serialize, kind))
        return found

    def _once(self, what: str, kind: GraphQLLeafType, make: Callable[[Callable[[object], Any]], Any]) -> Any:
        if (what, kind.name) not in self._made:
            self._made[what, kind.name] = make(self._slow(kind))
        return self._made[what, kind.name]


def bind(read: str) -> str:
    """The reading of a value that is `x` from then on."""
    return read if read == "x" else f"(x := {read})"


def serialize(kind: GraphQLLeafType, value: object) -> Any:
    """By the type's own function, which raises if it cannot."""
    if value is None or value is Undefined or isinstance(value, Exception):
        raise IrregularError
    found = kind.coerce_output_value(value)
    if found is None or found is Undefined:
        raise IrregularError
    return found


@dataclass(frozen=True, slots=True)
class Odd:
    """Makes a value regular that is not; whatever leads to it is not sound."""

    slow: Callable[[object], Any]

    def __call__(self, value: object, p: Any) -> Any:
        """The value by the type's own function."""
        p.is_sound = False
        return self.slow(value)


class Words(dict[Any, str]):
    """An enum's words by the values that stand for them; learns them as they come."""

    def __init__(self, slow: Callable[[object], str]) -> None:
        super().__init__()
        self._slow = slow

    def __missing__(self, value: object) -> str:
        word = self[value] = self._slow(value)
        return word


HUGE = re.compile(rb"[eE]\+?\d{3}|\d{300}")
"Numbers that JSON allows and a float does not hold."

NULL = Raw(b"null")

_read = msgspec.json.Decoder(Raw).decode


@dataclass(frozen=True, slots=True)
class Passing:
    """Gives undecoded JSON as it is if it is JSON and holds no number out of range; else what the type makes of it."""

    otherwise: Callable[[object], Any]

    def __call__(self, value: object) -> Any:
        """As it goes into the answer."""
        if isinstance(value, Raw):
            text = bytes(value)
            try:
                checked = _read(text)
                if not text.isascii():
                    text.decode("utf-8")
            except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
                return self.otherwise(value)
            if HUGE.search(text) is None and checked != NULL:
                return checked
        return self.otherwise(value)
