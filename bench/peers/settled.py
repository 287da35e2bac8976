"""The garbage collector of every Python server, set as the application sets its own: none gains or loses by it."""

import gc

from app import FULL_PASSES_ARE_RARE


def settle() -> None:
    """What is there now stays, and is not looked through again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*FULL_PASSES_ARE_RARE)
