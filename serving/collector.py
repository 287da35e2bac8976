"""Python's garbage collector, as suits a server: most of what requests leave goes by itself, without it.

As it is set at first, it looks for circles after each 700 objects. A request that asks seventeen lists has some
thousand objects in its hands at once, and is looked through several times for nothing: that was 3 % of its work. With
10 000, circles wait a little longer, some megabytes of them at the most, and one look takes half a millisecond.
"""

import gc

YOUNG = 10_000
"Objects that come, less those that go, from one look at the young ones to the next."


def settle() -> None:
    """To be called when all is set up.

    What is there now stays: looking through it for garbage would hold everybody up, 60 ms at a time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG)
