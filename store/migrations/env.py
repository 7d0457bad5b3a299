"""In which transaction do the migrations run?"""

# In that of `store.migrate`, which holds the database while they do.

from alembic import context

from store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
