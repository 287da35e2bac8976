"""Word of how far a run is, on standard error: the tables alone go to standard output."""

import sys


def tell(line: str) -> None:
    """One line, at once."""
    print(f"… {line}", file=sys.stderr, flush=True)
