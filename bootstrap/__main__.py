"""How do the worker and the web process come up quickly?"""

# `python -m bootstrap worker` does what `python -m bootstrap.worker` does. Importing makes a hundred thousand objects
# that live as long as the process; looking through them for garbage again and again meanwhile is a fifth of the time
# that a start takes, and the same goes for every later look if they are not set aside.

import gc
import importlib
import sys

PROCESSES = ("worker", "web")


def main(words: list[str]) -> None:
    """Run the named process."""
    if len(words) != 1 or words[0] not in PROCESSES:
        sys.exit(f"usage: python -m bootstrap {{{','.join(PROCESSES)}}}")
    gc.disable()
    process = importlib.import_module(f"bootstrap.{words[0]}")
    # Less than one in a hundred of them is garbage: it is not even looked for.
    gc.freeze()
    gc.enable()
    process.main()


if __name__ == "__main__":
    main(sys.argv[1:])
