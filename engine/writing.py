"""Functions of ours as text: what the compiler writes, with the things that the text names."""

import keyword
from collections.abc import Callable, Iterable
from typing import Any

from graphql import GraphQLField, default_field_resolver
from msgspec import Struct, defstruct

from engine.leaves import IrregularError


class UncompilableError(Exception):
    """A selection that is left to graphql-core for good."""


class Code:
    """A function being written."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._names: dict[str, Any] = {}
        self._depth = 1

    def name(self, thing: Any) -> str:
        """How a thing of ours is called in the code."""
        name = f"f{len(self._names)}"
        self._names[name] = thing
        return name

    def line(self, text: str) -> None:
        """A statement."""
        self._lines.append(f"{'    ' * self._depth}{text}\n")

    def begins(self, text: str) -> None:
        """A statement that the next ones stand below."""
        self.line(text)
        self._depth += 1

    def ends(self) -> None:
        """No more of them."""
        self._depth -= 1

    def function(self, parameters: str) -> Callable[..., Any]:
        """The finished function. Its text holds names of the schema and of the document, which are plain words."""
        source = f"def build({parameters}):\n{''.join(self._lines)}"
        exec(compile(source, "<selection>", "exec"), self._names)  # noqa: S102
        function: Callable[..., Any] = self._names["build"]
        return function


def struct_of(name: str, keys: Iterable[str]) -> type[Struct]:
    """A class for one selection's part of an answer. It lives for a moment and holds no circles: no need to look."""
    return defstruct(name, [attribute_for(key) for key in keys], rename=dict(map(_renamed, keys)), gc=False)


def attribute_for(key: str) -> str:
    """The attribute that holds what stands under a key: keys may be words of Python's."""
    return f"k_{key}"


def _renamed(key: str) -> tuple[str, str]:
    return attribute_for(key), key


def attribute_of(definition: GraphQLField, name: str) -> str:
    """The attribute that a field without a resolver of its own is read from.

    Raises:
        UncompilableError: It has one.
    """
    resolve = definition.resolve
    if resolve is None or resolve is default_field_resolver:
        return name
    if hasattr(resolve, "_ariadne_alias_resolver"):
        cells = dict(zip(resolve.__code__.co_freevars, resolve.__closure__ or (), strict=True))
        attribute = str(cells["attr_name"].cell_contents)
        if attribute.isidentifier() and not keyword.iskeyword(attribute):
            return attribute
    raise UncompilableError


def irregular(_: object) -> Any:
    """Not what was to be expected."""
    raise IrregularError
