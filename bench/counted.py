"""`app.py` that writes down every second how many blocks of memory Python has in use: `python -m bench.counted FILE …`.

What a process holds moves in steps, as Python takes memory from the system by the MB; the blocks in use tell a leak
from a step.
"""

import sys
import threading
import time
from pathlib import Path

import app


def count(file: Path) -> None:
    """For as long as the process lives."""
    while True:
        new = file.with_suffix(".new")
        new.write_text(str(sys.getallocatedblocks()), encoding="ascii")
        new.replace(file)
        time.sleep(1)


if __name__ == "__main__":
    threading.Thread(target=count, args=(Path(sys.argv[1]),), daemon=True).start()
    sys.exit(app.main(sys.argv[2:]))
