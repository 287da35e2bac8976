"""A fault as a value: its name, what it does in a line, what may be set about it, and the function that does it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from aiohttp import web

from sandbox.door import Port
from sandbox.faults.targets import ALL_BUT_TOKENS, Target

if TYPE_CHECKING:
    from sandbox.faults.active import Active, Blow

Value = int | float | str
Strike = Callable[["Blow"], Awaitable[web.StreamResponse]]


class Kind(StrEnum):
    """Where a fault sits."""

    TRANSPORT = "transport"
    STATUS = "status"
    BODY = "body"
    PAGING = "paging"
    TLS = "tls"


class Parameter(NamedTuple):
    """What may be set about a fault. Its type is that of the default."""

    default: Value
    least: float = 0


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault that may be ordered for any provider.

    Args:
        strike: What it does to a call; none when it is about the port.
        port: What it makes of the port; with such there are no calls, hence no scope either.
        targets: The calls that it is meant for, unless the order says others.
        first: How many calls it hits, unless the order says otherwise; 0: all.
        prepare: What has to be there before the first call.
    """

    name: str
    kind: Kind
    description: str
    strike: Strike | None = None
    port: Port = Port.OPEN
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    targets: frozenset[Target] = ALL_BUT_TOKENS
    first: int = 0
    prepare: Callable[["Active"], Awaitable[None]] | None = None

    @property
    def needs_https(self) -> bool:
        """Whether it can be met only where the provider is behind TLS."""
        return self.kind is Kind.TLS
