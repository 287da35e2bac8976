"""Bearer tokens that were handed out, and how long each is good for."""

from collections.abc import Callable


class Grants:
    """The tokens of one provider. `wall` gives seconds since 1970."""

    def __init__(self, wall: Callable[[], float]) -> None:
        self._wall = wall
        self._until: dict[str, float] = {}

    def issue(self, token: str, seconds: float) -> str:
        """From now on `token` is good, for so many seconds."""
        now = self._wall()
        self._until = {known: until for known, until in self._until.items() if until > now}
        self._until[token] = now + seconds
        return token

    def honours(self, token: str) -> bool:
        """Whether a token is good at this moment."""
        return self._until.get(token, 0.0) > self._wall()

    def expire(self) -> None:
        """From now on none of them is good."""
        self._until.clear()
