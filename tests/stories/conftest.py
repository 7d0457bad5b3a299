"""Which running house do the stories share, and who lives in it?"""

from collections.abc import Iterator

import pytest

from tests.stories.house import House
from tests.stories.scene import settle_in


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The whole product on a directory of its own, with its people, up for all stories; it must end well."""
    with House(tmp_path_factory.mktemp("stories") / "ltl") as up:
        settle_in(up)
        yield up
