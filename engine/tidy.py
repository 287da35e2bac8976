"""Frees at once what a piece of work leaves behind in circles, so that nobody has to wait for a collector to find it.

Validation leaves a thousand objects that refer to each other for a small document; tokens are chained both ways.
A collector that runs meanwhile takes them for what lives long; from then on only a full pass finds them, which looks at
everything that is remembered and holds all requests up.
"""

import contextlib
import gc
from collections.abc import Iterator

from graphql import DocumentNode


@contextlib.contextmanager
def tidied() -> Iterator[None]:
    """The collector waits until the work is done, then looks at what came of it. Not for work that awaits."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.collect(0)
        if was_enabled:
            gc.enable()


def unchained(document: DocumentNode) -> DocumentNode:
    """The same without the chain of its tokens, so that it goes when nobody refers to it. Places in it stay known."""
    token = document.loc.start_token if document.loc else None
    while token is not None:
        following, token.prev, token.next = token.next, None, None
        token = following
    return document
