"""A retry budget: further tries are a share of first ones, so that a source in trouble is not asked ever more."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class RetryBudget:
    """Five calls buy one further try, be it theirs or another's. One for all clients of a source.

    It starts empty, so that calls sent are at most 1.2 times those asked for, for any number of calls.
    """

    price: int = 5
    "Calls for one further try: a budget of 20 %."
    most_saved: int = 3
    "Further tries that quiet times leave for troubled ones."
    _calls: int = field(default=0, init=False)

    def earn(self) -> None:
        """A call is made."""
        self._calls = min(self._calls + 1, self.price * self.most_saved)

    def spend(self) -> bool:
        """Takes one further try; False when there is none left."""
        if self._calls < self.price:
            return False
        self._calls -= self.price
        return True
