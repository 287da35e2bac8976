"""What the five servers have in common: a world to show, a clock, and a place in the settings."""

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.answers import Refused, answer
from sandbox.model import JSON
from sandbox.world import Clock, World

Settings = dict[str, str | int | list[str]]  # one [sources.*] table

PAGE_SIZE = web.RequestKey("page_size", int)
"On a request whose limit is to be ignored: how many records its page may hold instead."


@dataclass(frozen=True, slots=True)
class Quirks:
    """Habits that were reported of the real services, each off unless wanted."""

    yandex_unsorted: bool = False  # neighbours in a list change places
    sailpoint_ignores_limit: bool = False  # pages hold 250 whatever was asked
    sailpoint_list_only: bool = False  # the user may list executions, but not get one
    informer_late_records: bool = False  # `createdAt` is up to two seconds after the start


@dataclass(frozen=True, slots=True)
class Setting:
    """What a server is told besides its world.

    Args:
        now: Epoch nanoseconds; decides what is seen of the world.
        wall: Epoch seconds; decides how old a token is and how many requests came in a while.
    """

    now: Clock = time.time_ns
    wall: Callable[[], float] = time.time
    limits: bool = True
    seed: int = 7
    quirks: Quirks = field(default_factory=Quirks)


class Provider(ABC):
    """The API of one provider over one world."""

    name: ClassVar[str]
    source: ClassVar[str]  # the name it has in the settings
    takes_ca_bundle: ClassVar[bool] = False  # whether its settings may name further authorities to trust

    def __init__(self, world: World, setting: Setting) -> None:
        self.world = world
        self.setting = setting

    @property
    def now(self) -> int:
        """Epoch nanoseconds."""
        return self.setting.now()

    @abstractmethod
    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """What it answers."""

    @abstractmethod
    def settings(self, url: str) -> Settings:
        """How to reach it, as one source's table of the settings; secrets are plain."""

    @abstractmethod
    def lost(self, status: int) -> Refused:
        """The refusal of a path (404) or a method (405) that it does not have."""

    def expire_tokens(self) -> None:
        """Every token handed out so far is refused from now on."""
        return

    @web.middleware
    async def refusals(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """A middleware that makes answers of refusals."""
        try:
            return await handler(request)
        except Refused as refused:
            return self.refusal(request, refused)
        except web.HTTPException as lost:
            return self.refusal(request, self.lost(lost.status))

    def refusal(self, request: web.Request, refused: Refused) -> web.Response:
        """A refusal as an answer to one request."""
        del request  # for the provider whose errors depend on it
        return answer(refused.body, refused.status, refused.headers)


def bearer(request: web.Request, header: str = "Authorization") -> str:
    """The token of a bearer header; empty if there is none."""
    kind, _, token = request.headers.get(header, "").partition(" ")
    return token.strip() if kind.lower() == "bearer" else ""


def tidy(record: dict[str, JSON]) -> dict[str, JSON]:
    """Without the fields that have no value."""
    return {name: value for name, value in record.items() if value is not None}
