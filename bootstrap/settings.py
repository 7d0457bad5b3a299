"""What may an operator choose, and what holds where nothing is chosen?"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bootstrap.installation import DEFAULT_DIRECTORY

Port = Annotated[int, Field(ge=1, le=65_535)]
Bytes = Annotated[int, Field(ge=1)]


def _variable(name: str) -> AliasChoices:
    """Return the environment variable `name` as the way in from outside; in code the field's own name works too."""
    return AliasChoices(name)


class Settings(BaseSettings):
    """Read from the environment alone; a secret is never printed, and a wrong value is refused at the start."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", validate_by_name=True, validate_by_alias=True, env_ignore_empty=True
    )

    directory: Annotated[Path, Field(validation_alias=_variable("LTL_DATA"))] = Path(DEFAULT_DIRECTORY)
    """The one directory of a local installation: databases, signing key, uploads, logs."""

    database_url: Annotated[SecretStr | None, Field(validation_alias=_variable("DATABASE_URL"))] = None
    """`postgresql://…` in production; None: a SQLite file in the data directory."""

    temporal_address: Annotated[str | None, Field(validation_alias=_variable("TEMPORAL_ADDRESS"))] = None
    """`host:port` of the Temporal cluster; None: `ltl up` starts one on this machine."""

    temporal_namespace: Annotated[str, Field(validation_alias=_variable("TEMPORAL_NAMESPACE"))] = "default"

    temporal_bin: Annotated[Path | None, Field(validation_alias=_variable("LTL_TEMPORAL_BIN"))] = None
    """The `temporal` program to start instead of the one that is installed beside `ltl`."""

    host: Annotated[str, Field(validation_alias=_variable("LTL_HOST"))] = "127.0.0.1"
    port: Annotated[Port, Field(validation_alias=_variable("LTL_PORT"))] = 8000
    """Where the API and the pages listen."""

    pages_without_token: Annotated[bool, Field(validation_alias=_variable("LTL_PAGES_WITHOUT_TOKEN"))] = False
    """True only under `ltl up`: a browser on this very machine may read every page."""

    largest_body: Annotated[Bytes, Field(validation_alias=_variable("LTL_LARGEST_BODY"))] = 1024 * 1024
    largest_import: Annotated[Bytes, Field(validation_alias=_variable("LTL_LARGEST_IMPORT"))] = 512 * 1024 * 1024
    longest_import_line: Annotated[Bytes, Field(validation_alias=_variable("LTL_LONGEST_IMPORT_LINE"))] = 64 * 1024
    most_import_rows: Annotated[int, Field(ge=1, validation_alias=_variable("LTL_MOST_IMPORT_ROWS"))] = 2_000_000
    """Sizes in bytes: of a JSON body, of an import file and of one line of it; and the rows that it may have."""

    retention: Annotated[timedelta, Field(validation_alias=_variable("LTL_RETENTION"))] = timedelta(days=90)
    """How long Temporal keeps the history of what has ended; the embedded server would keep it for a day."""

    @property
    def store_url(self) -> str:
        """The database's URL, with its password: never to be printed."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.store_file}"

    @property
    def store_file(self) -> Path:
        """Where the database is, unless `database_url` says otherwise."""
        return self.directory.absolute() / "store.sqlite"

    @property
    def engine_address(self) -> str:
        """Where Temporal is, for processes that do not start it."""
        return self.temporal_address or "127.0.0.1:7233"

    @property
    def uploads(self) -> Path:
        """Where files to import lie while they are loaded."""
        return self.directory / "uploads"
