"""`python -m bench [part ...] [--quick] [--write]`: the benchmarks by hand.

A part is a module here with a function `run(quick: bool) -> Sequence[Table]`, which tells on standard error how far it
is. Without a name the usual ones are run.
"""

import argparse
import importlib
import signal
import sys
from types import FrameType

from bench.document import write
from bench.machine import describe
from bench.progress import tell

USUAL = ("warm", "cold", "scale")
PARTS = (*USUAL, "dead", "hostile")
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run it. Gives the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Benchmarks: tables with ratios.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)} (default: {' '.join(USUAL)})")
    parser.add_argument("--quick", action="store_true", help="a few tries only: some minutes, and a wide spread")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/performance.md")
    options = parser.parse_args(arguments)
    if unknown := set(options.parts) - set(PARTS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    signal.signal(signal.SIGTERM, _end)
    try:
        machine = describe() + ("; a quick run, with few tries" if options.quick else "")
        print(machine, end="\n\n", flush=True)
        if options.write:
            write("machine", machine)
        for part in options.parts or USUAL:
            tables = importlib.import_module(f"bench.{part}").run(options.quick)
            print("\n".join(table.as_text() for table in tables), flush=True)
            if options.write:
                write(part, "\n\n".join(table.as_markdown() for table in tables))
    except KeyboardInterrupt:
        tell("stopped")
        return INTERRUPTED
    return 0


def _end(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
