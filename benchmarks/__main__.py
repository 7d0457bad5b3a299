"""Which benchmarks run when someone says `make bench`?"""

import argparse
import importlib
import sys
from collections.abc import Callable, Iterable

from benchmarks.tables import Table, machine

NAMES = ("start", "reads", "growth", "imports", "flips", "regions", "acts", "ledger")
"""One module each, with `tables()` that measures and returns its tables."""


def main(arguments: list[str]) -> int:
    """Run the named benchmarks, or all; print each table as it is done, and how many bars were missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of: {', '.join(NAMES)}; all unless named")
    chosen = parser.parse_args(arguments).names or NAMES
    unknown = sorted(set(chosen) - set(NAMES))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}; there are {', '.join(NAMES)}")
    missed = 0
    for name in chosen:
        measure: Callable[[], Iterable[Table]] = importlib.import_module(f"benchmarks.{name}").tables
        for table in measure():
            print(table.markdown(), end="\n\n", flush=True)
            missed += sum(line.is_within is False for line in table.lines)
    print(f"{machine()}. {missed} bars missed." if missed else f"{machine()}. Every bar was met.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
