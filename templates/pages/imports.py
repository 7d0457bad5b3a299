"""What do the pages know on which bulk files come in?"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from readiness.rows import ImportKind
from templates.pages.frame import Form, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """One file that came in, and how far it has come."""

    id: str
    kind: ImportKind
    state: str
    """A key of `people_words.IMPORT_STATES`."""
    file_name: str
    by: str
    at: datetime
    rows_read: int
    rejected: int

    @property
    def is_running(self) -> bool:
        """Say whether something is still to come of it."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadForm:
    """Where files of one kind come in, and what they hold."""

    kind: ImportKind
    required: tuple[str, ...]
    optional: tuple[str, ...]
    form: Form


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportsPage(Page):
    """Which bulk files came in, what became of them, and where does the next one go?"""

    template: ClassVar[str] = "imports.html"
    place: ClassVar[str | None] = "imports"

    read_at: datetime
    uploads: tuple[UploadForm, ...]
    """Nothing where the reader may not bring in any."""
    imports: tuple[ImportLine, ...]
    most_megabytes: int
    first_address: str | None
    """Where the first page is, if this is another one."""
    next_address: str | None
    """Where the next page is, if there is one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRowLine:
    """Something wrong with a row that was left out."""

    line: int
    column: str | None
    """None where the whole row is to blame."""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportPage(Page):
    """What became of one bulk file, and what is wrong with which of its rows?"""

    template: ClassVar[str] = "import.html"

    read_at: datetime
    brought: ImportLine
    finished_at: datetime | None
    rows_total: int | None
    """None while nobody has counted them."""
    rows_done: int
    """Read, or put aside until all of them take effect together."""
    accepted: int
    unchanged: int
    unknown: int
    """Of those accepted and unchanged, how many are about somebody or something not known yet."""
    refusal: str | None
    """Why the file was refused whole, or given up."""
    refused_line: int | None
    rows: tuple[BadRowLine, ...]
    more: int
    """How many faults there are beside those shown."""
    upload: UploadForm | None
    """Where the mended rows go; None where the reader may not bring them in."""

    @property
    def done(self) -> int:
        """How many of a hundred parts are read."""
        return min(100, self.rows_done * 100 // self.rows_total) if self.rows_total else 0
