"""With which sentences is a file that is brought in, or a row of it, found unusable?"""

FILES: tuple[str, ...] = (
    # Of a file as a whole: activities/import_lines.py, import_lumps.py, import_csv.py, import_ndjson.py.
    "the file has %(n)s bytes, at most %(all)s are allowed",
    "the file is empty; even a file without rows has a header",
    "the file holds only blank lines; even a file without rows has a header",
    "this is %(format)s; plain CSV or NDJSON is needed",
    "the file is written in UTF-16 or UTF-32; save it as UTF-8",
    "the byte 0x%(byte)s is not UTF-8 here; save the file as UTF-8",
    "the line holds a NUL byte; this is not a text file",
    "the line is longer than %(n)s bytes",
    "a line ends in CR alone; save the file with LF or CRLF",
    "more than %(n)s rows; split the file",
    "a quote is opened in the row that begins here and not closed in it",
    "a quoted cell goes on after its closing quote",
    "a cell is longer than %(n)s characters",
    "the header %(quoted)s is not separated by commas",
    "the column %(quoted)s is not one of %(names)s",
    "the column %(name)s is there %(n)s times",
    "missing: %(names)s",
    "the line is not one JSON object; NDJSON has one object a line",
    "this is a JSON array; NDJSON has one object a line and nothing around them",
    "The file could not be loaded for a fault on our side. Send it again; if that fails, tell support.",
)
"""Why nothing of a file was taken."""

ROWS: tuple[str, ...] = (
    # Of a row: activities/import_csv.py, import_ndjson.py and import_files.py.
    "the row has %(n)s cells, the header %(all)s",
    "the line is not one JSON object",
    "the name %(quoted)s is there twice",
    "a list or an object cannot stand here",
    "line %(n)s says otherwise of the same %(names)s",
    # Of a cell: activities/import_rows.py, and readiness/values.py of its text.
    "nothing stands here, and something must",
    "the text has %(n)s characters, at most %(all)s are allowed",
    "a line break or a tab is not allowed here",
    "at least one character that shows is needed",
    "the character U+%(byte)s is not allowed in text",
    "%(quoted)s is not an id: letters a-z, digits and . _ @ : + -, up to 128, the first a letter or a digit",
    "%(quoted)s is not an e-mail address",
    "%(quoted)s is not a name of up to 64 letters a-z, digits, spaces and hyphens",
    "%(quoted)s is not a name of up to 64 letters a-z, digits and hyphens",
    "%(quoted)s is not a time zone such as Europe/Berlin",
    "%(quoted)s is none of true, false, yes, no, 1, 0",
    "%(quoted)s is not a date and time such as 2027-03-01T09:00:00+01:00",
    "%(quoted)s has no offset: end it with Z or, for example, +01:00",
    "%(quoted)s lies outside the years %(year)s to %(last_year)s",
    "%(quoted)s is more than five minutes ahead of %(minute)s",
    "%(quoted)s is not a score: not a number, or infinite",
    "%(quoted)s is not a decimal number such as 87 or 87.5",
    "%(quoted)s is not between 0 and 100",
    "%(quoted)s has more than four decimals",
)
"""Why a row was left out while the others were taken."""

FORMATS: tuple[str, ...] = (
    "a gzip archive",
    "a zip archive or an Excel workbook",
    "an empty zip archive",
    "an old Excel workbook",
    "a bzip2 archive",
    "an xz archive",
    "a zstandard archive",
    "a 7z archive",
    "a PDF document",
)
"""What a file is by its first bytes that is no text."""
