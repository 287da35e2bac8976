"""Boomi's QueryConfig: the filter grammar of every `/query` call, read strictly, and a test on rows made of it.

    Expression = {"operator", "property", "argument": [...]}  |  {"operator": "and" | "or", "nestedExpression": [...]}

A row is given as a function from a property's name to its value, so that only what the filter names is worked out.
"""

import re
from collections.abc import Callable, Mapping
from enum import Enum
from typing import NoReturn

from msgspec import Struct

from sandbox.model import JSON
from sandbox.stamps import instant

Value = str | int | bool | None
Read = Callable[[str], Value]


class Kind(Enum):
    """How a property's arguments are read and compared."""

    TEXT = "text"
    NUMBER = "number"
    TIME = "time"  # whole seconds, `yyyy-MM-dd'T'HH:mm:ss'Z'`; as text they sort as they should
    FLAG = "flag"


class FilterError(ValueError):
    """The filter is wrong; the message says how."""


class Simple(Struct, frozen=True):
    """One comparison."""

    operator: str
    property: str
    arguments: tuple[str | int | bool, ...] = ()


class Group(Struct, frozen=True):
    """Several, joined by «and» or «or»."""

    operator: str
    nested: tuple["Simple | Group", ...]


Expression = Simple | Group

_ORDERED = ("GREATER_THAN", "GREATER_THAN_OR_EQUAL", "LESS_THAN", "LESS_THAN_OR_EQUAL")
_EQUAL = ("EQUALS", "NOT_EQUALS")
_PATTERNS = ("LIKE", "CONTAINS", "NOT_CONTAINS")
_NULL = ("IS_NULL", "IS_NOT_NULL")
_ALLOWED = {
    Kind.TEXT: {*_EQUAL, *_PATTERNS, *_NULL, "BETWEEN", *_ORDERED},
    Kind.NUMBER: {*_EQUAL, *_NULL, "BETWEEN", *_ORDERED},
    Kind.TIME: {*_EQUAL, *_NULL, "BETWEEN", *_ORDERED},
    Kind.FLAG: {*_EQUAL, *_NULL},
}
_WHOLE_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def read_filter(config: JSON, properties: Mapping[str, Kind]) -> Expression | None:
    """The expression of a QueryConfig, None when it holds no filter.

    Raises:
        FilterError: It breaks the grammar, or names a property that cannot be filtered.
    """
    if not isinstance(config, dict) or set(config) - {"QueryFilter", "QuerySort"}:
        _wrong("a QueryConfig holds QueryFilter and QuerySort, and nothing else")
    found = config.get("QueryFilter")
    if found is None:
        return None
    if not isinstance(found, dict) or set(found) != {"expression"}:
        _wrong("a QueryFilter holds one expression")
    return _expression(found["expression"], properties)


def read_sort(config: JSON, properties: Mapping[str, Kind]) -> tuple[tuple[str, bool], ...]:
    """The sort of a QueryConfig: names, and whether descending.

    Raises:
        FilterError: It breaks the grammar, or names a property that cannot be sorted by.
    """
    sort = config.get("QuerySort")
    if sort is None:
        return ()
    fields = sort.get("sortField") if isinstance(sort, dict) else None
    if not isinstance(fields, list) or not fields:
        _wrong("a QuerySort holds a list of sortField")
    return tuple(_sort_field(field, properties) for field in fields)


def matches(expression: Expression | None, read: Read) -> bool:
    """Whether a row passes."""
    if expression is None:
        return True
    if isinstance(expression, Group):
        joined = all if expression.operator == "and" else any
        return joined(matches(nested, read) for nested in expression.nested)
    return _compares(expression, read(expression.property))


def named(expression: Expression | None, name: str) -> frozenset[Value] | None:
    """The values that a property must have one of, as far as the expression pins it down; None if it does not."""
    if isinstance(expression, Simple):
        pinned = expression.property == name and expression.operator == "EQUALS"
        return frozenset(expression.arguments) if pinned else None
    if expression is None:
        return None
    parts = [named(nested, name) for nested in expression.nested]
    known = [part for part in parts if part is not None]
    if expression.operator == "and":
        return frozenset.intersection(*known) if known else None
    return frozenset.union(*known) if len(known) == len(parts) else None


def span(expression: Expression | None, name: str) -> tuple[str, str]:
    """Between which texts, both included, a time must lie at least, as far as the expression says so at its top."""
    parts = expression.nested if isinstance(expression, Group) and expression.operator == "and" else (expression,)
    low, high = "", "~"
    for part in parts:
        if isinstance(part, Simple) and part.property == name:
            if part.operator in ("EQUALS", "BETWEEN", "GREATER_THAN", "GREATER_THAN_OR_EQUAL"):
                low = max(low, str(part.arguments[0]))
            if part.operator in ("EQUALS", "BETWEEN", "LESS_THAN", "LESS_THAN_OR_EQUAL"):
                high = min(high, str(part.arguments[-1]))
    return low, high


def _expression(found: JSON, properties: Mapping[str, Kind]) -> Expression:
    if not isinstance(found, dict) or not isinstance(found.get("operator"), str):
        _wrong("an expression has an operator")
    if "nestedExpression" in found:
        nested = found["nestedExpression"]
        if found["operator"] not in ("and", "or") or not isinstance(nested, list) or not nested:
            _wrong("nested expressions are joined by «and» or «or», in lower case")
        return Group(found["operator"], tuple(_expression(part, properties) for part in nested))
    name, operator = found.get("property"), found["operator"]
    kind = properties.get(name) if isinstance(name, str) else None
    if kind is None or not isinstance(name, str):
        _wrong(f"property {name} cannot be filtered by")
    if operator not in _ALLOWED[kind]:
        _wrong(f"operator {operator} is not known for {name}")
    arguments = found.get("argument", [])
    wanted = 0 if operator in _NULL else 2 if operator == "BETWEEN" else 1
    if not isinstance(arguments, list) or len(arguments) != wanted:
        _wrong(f"operator {operator} takes {wanted} arguments")
    return Simple(operator, name, tuple(_argument(argument, kind) for argument in arguments))


def _argument(text: JSON, kind: Kind) -> str | int | bool:
    if not isinstance(text, str):
        _wrong(f"an argument is a text: {text}")
    if kind is Kind.NUMBER:
        return int(text) if re.fullmatch(r"-?\d{1,19}", text) else _wrong(f"{text} is not a number")
    if kind is Kind.FLAG:
        return text == "true" if text in ("true", "false") else _wrong(f"{text} is not a boolean")
    if kind is Kind.TIME:
        try:
            instant(text if _WHOLE_SECOND.fullmatch(text) else "")
        except ValueError:
            _wrong(f"{text} is not a time like 2023-01-31T15:32:00Z")
    return text


def _sort_field(field: JSON, properties: Mapping[str, Kind]) -> tuple[str, bool]:
    name, order = (field.get("fieldName"), field.get("sortOrder")) if isinstance(field, dict) else (None, None)
    if not isinstance(name, str) or name not in properties or order not in ("ASC", "DESC"):
        _wrong(f"no sort by {name}: a sortField has a fieldName and a sortOrder, ASC or DESC")
    return name, order == "DESC"


def _compares(test: Simple, value: Value) -> bool:
    """One comparison.

    An absent value is equal to nothing and contains nothing; it is neither more nor less than any.
    """
    if test.operator in _NULL:
        return (value is None) == (test.operator == "IS_NULL")
    negated = test.operator.startswith("NOT_")
    if value is None:
        return negated
    return _COMPARE[test.operator.removeprefix("NOT_")](value, *test.arguments) != negated


def _like(value: str, pattern: str) -> bool:
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("%")), value, re.DOTALL) is not None


def _wrong(message: str) -> NoReturn:
    raise FilterError(message)


_COMPARE: Mapping[str, Callable[..., bool]] = {
    "EQUALS": lambda value, wanted: value == wanted,
    "CONTAINS": lambda value, part: part in value,
    "LIKE": _like,
    "BETWEEN": lambda value, low, high: low <= value <= high,
    "GREATER_THAN": lambda value, limit: value > limit,
    "GREATER_THAN_OR_EQUAL": lambda value, limit: value >= limit,
    "LESS_THAN": lambda value, limit: value < limit,
    "LESS_THAN_OR_EQUAL": lambda value, limit: value <= limit,
}
