"""What may an operator choose, and what holds where nothing is chosen?"""

from datetime import time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from bootstrap.installation import DEFAULT_DIRECTORY

if TYPE_CHECKING:
    from temporalio.converter import DataConverter

    from api.oidc import OidcSettings

LOGIN_AGE = timedelta(minutes=15)
SESSION_IDLE = timedelta(hours=1)
SESSION_LIFE = timedelta(hours=12)

Port = Annotated[int, Field(ge=1, le=65_535)]
MetricsPort = Annotated[int, Field(ge=1, le=65_533)]
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

    payload_keys: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_PAYLOAD_KEYS"))] = None
    """What seals all that passes through Temporal: `ID:BASE64,…`, the newest first; None: nothing is sealed."""

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

    spare: Annotated[bool, Field(validation_alias=_variable("LTL_SPARE"))] = True
    """True: under `ltl up` a process stands by, imports done, for a worker or web process that ends."""

    access_log: Annotated[bool, Field(validation_alias=_variable("LTL_ACCESS_LOG"))] = False
    """True: one line in the log for each request."""

    metrics_port: Annotated[MetricsPort | None, Field(validation_alias=_variable("LTL_METRICS_PORT"))] = None
    metrics_host: Annotated[str, Field(validation_alias=_variable("LTL_METRICS_HOST"))] = "127.0.0.1"
    """Where the web process shows its metrics; a worker shows its own one port further, Temporal's SDK two, and None:
    nowhere."""

    traces_to: Annotated[str | None, Field(validation_alias=_variable("OTEL_EXPORTER_OTLP_ENDPOINT"))] = None
    """Where OpenTelemetry sends traces, which reads this variable and others of its own; None: nowhere."""

    temporal_ui: Annotated[str | None, Field(validation_alias=_variable("LTL_TEMPORAL_UI"))] = None
    """Where Temporal shows its workflows to people: administrators get a link to each region's; None: no link."""

    rate_limits: Annotated[str, Field(validation_alias=_variable("LTL_RATE_LIMITS"))] = ""
    """What one person, or one address, may ask of one web process: `reading=600/minute, acting=off`."""
    oidc_issuer: Annotated[str | None, Field(validation_alias=_variable("LTL_OIDC_ISSUER"))] = None
    """The address of the OIDC issuer at which people log in; None: the embedded one alone."""

    oidc_client_id: Annotated[str, Field(validation_alias=_variable("LTL_OIDC_CLIENT_ID"))] = "learn-then-launch"
    oidc_client_secret: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_OIDC_CLIENT_SECRET"))] = (
        None
    )
    oidc_redirect: Annotated[str | None, Field(validation_alias=_variable("LTL_OIDC_REDIRECT"))] = None
    """Where the issuer sends people back to: our own address and `/login/callback`."""

    oidc_audience: Annotated[str, Field(validation_alias=_variable("LTL_OIDC_AUDIENCE"))] = "learn-then-launch-api"
    """For whom an access token of the issuer must be."""

    oidc_person_claim: Annotated[str, Field(validation_alias=_variable("LTL_OIDC_PERSON_CLAIM"))] = "sub"
    oidc_roles_claim: Annotated[str, Field(validation_alias=_variable("LTL_OIDC_ROLES_CLAIM"))] = "roles"
    oidc_roles: Annotated[dict[str, str] | None, Field(validation_alias=_variable("LTL_OIDC_ROLES"))] = None
    """Which claims name the person and their roles; what each value means: `{"emea-execs": "executive:emea"}`."""

    login_age: Annotated[timedelta, Field(gt=timedelta(0), validation_alias=_variable("LTL_LOGIN_AGE"))] = LOGIN_AGE
    session_idle: Annotated[timedelta, Field(validation_alias=_variable("LTL_SESSION_IDLE"))] = SESSION_IDLE
    session_life: Annotated[timedelta, Field(validation_alias=_variable("LTL_SESSION_LIFE"))] = SESSION_LIFE
    """How old a login may be for decisions and waivers; how long a session lasts unused, and at most."""

    retention: Annotated[timedelta, Field(validation_alias=_variable("LTL_RETENTION"))] = timedelta(days=90)
    """How long Temporal keeps the history of what has ended; the embedded server would keep it for a day."""

    checkpoint_directory: Annotated[Path | None, Field(validation_alias=_variable("LTL_CHECKPOINTS"))] = None
    """Where the signed checkpoints of the audit record are kept outside the database; None: in the data directory."""

    trusted_proxies: Annotated[str, Field(validation_alias=_variable("LTL_TRUSTED_PROXIES"))] = ""
    """Addresses or networks, separated by commas, whose `X-Forwarded-For` says from where a request came."""

    @property
    def checkpoints(self) -> Path:
        """The directory of the checkpoints that are kept outside the database."""
        return self.checkpoint_directory or self.directory / "checkpoints"

    permit_keys: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_PERMIT_KEYS"))] = None
    """A JSON Web Key Set: its first key, private, signs permits, all are published; None: a file of the directory."""
    permit_lifetime: Annotated[
        timedelta,
        Field(ge=timedelta(minutes=1), le=timedelta(days=1), validation_alias=_variable("LTL_PERMIT_LIFETIME")),
    ] = timedelta(minutes=15)
    """How long a permit may be believed without asking again: the longest that a suspension can go unseen."""
    permit_issuer: Annotated[str, Field(min_length=1, validation_alias=_variable("LTL_PERMIT_ISSUER"))] = (
        "urn:learn-then-launch:permits"
    )
    """The `iss` of permits; an address of the installation tells readers where its keys are."""
    public_url: Annotated[str | None, Field(validation_alias=_variable("LTL_PUBLIC_URL"))] = None
    """Under which address people reach this installation: links in mails, and the `source` of events."""

    webhooks_private: Annotated[bool, Field(validation_alias=_variable("LTL_WEBHOOKS_PRIVATE"))] = False
    """True where webhooks may lead into one's own network, over plain HTTP too."""

    secrets_key: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_SECRETS_KEY"))] = None
    """What seals the secrets of webhooks, the newest of several first, with commas between; None: a key file."""

    smtp_host: Annotated[str | None, Field(validation_alias=_variable("LTL_SMTP_HOST"))] = None
    smtp_port: Annotated[Port, Field(validation_alias=_variable("LTL_SMTP_PORT"))] = 587
    smtp_user: Annotated[str | None, Field(validation_alias=_variable("LTL_SMTP_USER"))] = None
    smtp_password: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_SMTP_PASSWORD"))] = None
    smtp_start_tls: Annotated[bool, Field(validation_alias=_variable("LTL_SMTP_START_TLS"))] = True
    mail_from: Annotated[str, Field(validation_alias=_variable("LTL_MAIL_FROM"))] = "launch@localhost.localdomain"
    """The mail server and whom mail is from; without a host nobody is mailed."""

    chat_urls: Annotated[SecretStr | None, Field(validation_alias=_variable("LTL_CHAT_URLS"))] = None
    """Rooms to chat in, as apprise writes them, with spaces between."""

    quiet_begins: Annotated[time, Field(validation_alias=_variable("LTL_QUIET_BEGINS"))] = time(20)
    quiet_ends: Annotated[time, Field(validation_alias=_variable("LTL_QUIET_ENDS"))] = time(7)
    digest_at: Annotated[time, Field(validation_alias=_variable("LTL_DIGEST_AT"))] = time(8)
    """The hours in which nobody is mailed, and when digests go out, on each person's own clock."""

    def oidc(self) -> "OidcSettings | None":
        """Return which OIDC issuer is trusted; None where none is. Raises ValueError for one that cannot be."""
        if self.oidc_issuer is None:
            return None
        from api.oidc import OidcSettings

        if self.oidc_redirect is None:
            raise ValueError("LTL_OIDC_REDIRECT must say where the issuer sends people back to")
        secret = self.oidc_client_secret
        return OidcSettings(
            issuer=self.oidc_issuer,
            client_id=self.oidc_client_id,
            client_secret=secret.get_secret_value() if secret is not None else None,
            redirect_uri=self.oidc_redirect,
            audience=self.oidc_audience,
            person_claim=self.oidc_person_claim,
            roles_claim=self.oidc_roles_claim,
            roles=self.oidc_roles,
        )

    @property
    def store_url(self) -> str:
        """The database's URL, with its password: never to be printed."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.store_file}"

    @property
    def converter(self) -> "DataConverter":
        """What reads and writes the payloads of Temporal; raises `bootstrap.codec.PayloadKeysUnusable`."""
        from bootstrap.codec import converter

        return converter(None if self.payload_keys is None else self.payload_keys.get_secret_value())

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
