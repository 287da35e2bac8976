"""What the caches of all sources of a process have in common: a bounded memory, and the way to the shared cache."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

from connectors.cached import Cached
from connectors.contract import Connector, Rate
from connectors.declaration import SourceSettings
from connectors.fingerprint import code_version, secret_of
from connectors.http.auth import Secret
from connectors.redis_link import RedisLink, open_redis
from connectors.remembered import DEFAULT_MB, MB, Memory
from connectors.shared_cache import SharedCache

MAX_MB = 1024 * 1024
SCHEMES = ("redis", "rediss", "unix")


class CacheSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`[cache]`."""

    max_mb: int = DEFAULT_MB
    "What one process remembers of all its sources, in MB of memory."
    kept_mb: int = 64
    "Encoded parts of answers that one process keeps, in MB of memory; 0: each answer is encoded anew."
    redis_url: Secret | None = None
    "Of a Redis by which processes share what they fetch. Without one, each remembers alone."

    def problem(self) -> str | None:
        """What is wrong with the values."""
        if not 1 <= self.max_mb <= MAX_MB:
            return f"max_mb has to be between 1 and {MAX_MB}"
        if not 0 <= self.kept_mb <= MAX_MB:
            return f"kept_mb has to be between 0 and {MAX_MB}"
        if self.redis_url is not None and not _is_redis_url(self.redis_url.reveal()):
            return f"redis_url has to be an address of the form {', '.join(f'{scheme}://…' for scheme in SCHEMES)}"
        return None


def _is_redis_url(url: str) -> bool:
    try:
        open_redis(url)
        return urlsplit(url).scheme in SCHEMES
    except (ValueError, TypeError):
        return False


@dataclass(slots=True)
class Caches:
    """Puts a cache in front of each source."""

    memory: Memory = field(default_factory=Memory)
    link: RedisLink | None = None
    clock: Callable[[], float] = time.monotonic
    _shared: list[SharedCache] = field(default_factory=list, init=False, repr=False)

    @classmethod
    def of(cls, settings: CacheSettings) -> "Caches":
        """By the settings. Connects on first use."""
        url = settings.redis_url
        return cls(Memory(settings.max_mb * MB), None if url is None else RedisLink(open_redis(url.reveal())))

    def around(
        self,
        connector: Connector,
        settings: SourceSettings,
        rate: Rate,
        close: Callable[[], Any] | None = None,
        deadline_clock: Callable[[], float] = time.monotonic,
    ) -> Cached:
        """The same source, remembered. `rate` is the pace at which it is asked."""
        shared = None
        if self.link is not None:
            secret = secret_of(connector.name, settings, code_version(type(settings)))
            shared = SharedCache(self.link, secret)
            self._shared.append(shared)
        return Cached(
            connector,
            self.clock,
            close=close,
            memory=self.memory,
            shared=shared,
            rate=rate,
            deadline_clock=deadline_clock,
        )

    async def aclose(self) -> None:
        """Closes the way to the shared cache, when the sources are closed."""
        for shared in self._shared:
            await shared.aclose()
        if self.link is not None:
            await self.link.aclose()
