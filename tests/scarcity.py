"""How is room on a disk made scarce without a disk of one's own?"""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager

# A limit of the length of files works for everyone, on every Linux and macOS: what a full disk refuses with ENOSPC is
# then refused with EFBIG. Python takes no notice of the signal that comes with it.


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """Let this process write no file longer than `size` bytes, as a full disk would."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    unheeded = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, unheeded)
