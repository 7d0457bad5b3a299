"""Does each test get a database of its own from the shared fixtures?"""

import pytest
from sqlalchemy import create_engine, inspect, make_url, text
from sqlalchemy.pool import NullPool

from store.engine import Store
from tests.postgres import postgres_database


def test_an_empty_database_is_empty_and_can_be_written(database_url: str) -> None:
    """A test finds nothing in its empty database and can write there."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as tx:
        assert inspect(tx).get_table_names() == []
        tx.execute(text("CREATE TABLE mark (made INTEGER)"))
        assert inspect(tx).get_table_names() == ["mark"]


def test_the_next_test_starts_empty_again(database_url: str) -> None:
    """What one test wrote no other test sees."""
    engine = create_engine(database_url, poolclass=NullPool)
    with engine.begin() as tx:
        assert inspect(tx).get_table_names() == []


@pytest.mark.postgres
def test_a_copy_holds_what_its_template_held(postgres_url: str) -> None:
    """A database copied from a template has its tables and is gone afterwards."""
    with postgres_database(postgres_url) as template_url:
        template = create_engine(template_url, poolclass=NullPool)
        with template.begin() as tx:
            tx.execute(text("CREATE TABLE mark (made INTEGER)"))
        with (
            postgres_database(postgres_url, template=make_url(template_url).database) as copy_url,
            create_engine(copy_url, poolclass=NullPool).connect() as tx,
        ):
            assert inspect(tx).get_table_names() == ["mark"]
    with create_engine(postgres_url, poolclass=NullPool).connect() as tx:
        names = tx.execute(text("SELECT datname FROM pg_database")).scalars().all()
        assert not {make_url(template_url).database, make_url(copy_url).database} & set(names)


def test_a_store_is_given_with_its_tables(store: Store) -> None:
    """A test's store has been migrated, whichever database it is on."""
    with store.reading() as tx:
        assert "alembic_version" in inspect(tx).get_table_names()
