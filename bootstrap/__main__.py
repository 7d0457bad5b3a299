"""How do the worker and the web process come up quickly?"""

# `python -m bootstrap worker` does what `python -m bootstrap.worker` does, in less time.

import sys

from bootstrap.spare import PROCESSES, SPARE, imported, run, stand_by


def main(words: list[str]) -> None:
    """Run the named process, or wait to be told which."""
    if words == [SPARE]:
        stand_by()
    elif len(words) == 1 and words[0] in PROCESSES:
        imported(words[0])
        run(words[0])
    else:
        sys.exit(f"usage: python -m bootstrap {{{','.join((*PROCESSES, SPARE))}}}")


if __name__ == "__main__":
    main(sys.argv[1:])
