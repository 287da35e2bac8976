"""How many requests a provider takes in a stretch of time."""

from collections import defaultdict, deque
from collections.abc import Callable


class Window:
    """At most `most` requests in any stretch of `seconds`, counted for each key by itself.

    What is refused does not count.
    """

    def __init__(self, most: int, seconds: float, wall: Callable[[], float]) -> None:
        self._most, self._seconds, self._wall = most, seconds, wall
        self._taken: defaultdict[str, deque[float]] = defaultdict(deque)

    def takes(self, key: str) -> bool:
        """Whether one more is taken now; it counts if so."""
        now, taken = self._wall(), self._taken[key]
        while taken and taken[0] <= now - self._seconds:
            taken.popleft()
        if len(taken) >= self._most:
            return False
        taken.append(now)
        return True
