"""The garbage collector of every Python server, set as the application sets its own: none gains or loses by it."""

import gc


def settle() -> None:
    """What is there now stays, and is not looked through again."""
    gc.collect()
    gc.freeze()
