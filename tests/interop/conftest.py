"""How do these tests come by the programs of others that they drive?"""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave these tests out unless `make interop` has installed what they drive."""
    if os.environ.get("INTEROP"):
        return
    skipped = pytest.mark.skip(reason="drives programs of others that npm installs: make interop")
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(skipped)


@pytest.fixture(scope="session")
def node_directory() -> Path:
    """Return the folder in which node finds the packages of package.json."""
    assert (HERE / "node_modules").is_dir(), "make interop installs the packages first"
    return HERE
