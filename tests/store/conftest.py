"""Which stores and clocks do the tests of the store share?"""

from collections.abc import Iterator

import pytest

from store.engine import open_store
from tests.store.desk import Clock, Desk


@pytest.fixture
def desk(store_url: str) -> Iterator[Desk]:
    """A desk on a migrated store of this test's own whose clock the test moves."""
    clock = Clock()
    store = open_store(store_url, clock)
    try:
        yield Desk(store, clock)
    finally:
        store.close()
