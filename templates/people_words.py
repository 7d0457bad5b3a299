"""Which words stand for how far people are with what they must learn, and files with being loaded?"""

from readiness.people import PersonStatus
from readiness.readiness import Rag
from readiness.rows import ImportKind

PERSON_STATUSES: dict[PersonStatus, str] = {
    PersonStatus.NOT_STARTED: "Not started",
    PersonStatus.LEARNING: "Learning",
    PersonStatus.TRAINED: "To certify",
    PersonStatus.FAILED: "Attempts used up",
    PersonStatus.CERTIFIED: "Certified",
    PersonStatus.LAPSES: "Lapses too early",
}

PERSON_STATUSES_MEAN: dict[PersonStatus, str] = {
    PersonStatus.NOT_STARTED: "No required course completed",
    PersonStatus.LEARNING: "Some required courses completed",
    PersonStatus.TRAINED: "Every course completed, no pass yet",
    PersonStatus.FAILED: "No pass, and no attempt left",
    PersonStatus.CERTIFIED: "A pass that still counts on launch day",
    PersonStatus.LAPSES: "Certified now, no more on launch day",
}

MISSING_ONES: dict[PersonStatus, str] = {
    PersonStatus.LAPSES: "To pass again before the launch:",
    PersonStatus.TRAINED: "To pass:",
    PersonStatus.LEARNING: "To complete courses, then pass:",
    PersonStatus.NOT_STARTED: "Not started:",
    PersonStatus.FAILED: "No attempt left:",
    PersonStatus.CERTIFIED: "Certified:",
}
"""What people who are named have still to do."""

PERSON_COLOURS: dict[PersonStatus, Rag] = {
    PersonStatus.NOT_STARTED: Rag.GREY,
    PersonStatus.LEARNING: Rag.AMBER,
    PersonStatus.TRAINED: Rag.AMBER,
    PersonStatus.FAILED: Rag.RED,
    PersonStatus.CERTIFIED: Rag.GREEN,
    PersonStatus.LAPSES: Rag.RED,
}
"""Which shape and colour go with the word for a status."""

IMPORT_KINDS: dict[ImportKind, str] = {
    ImportKind.PEOPLE: "People",
    ImportKind.AUDIENCE: "Audience",
    ImportKind.COMPLETIONS: "Completions",
    ImportKind.ATTEMPTS: "Attempts",
}

IMPORT_KINDS_MEAN: dict[ImportKind, str] = {
    ImportKind.PEOPLE: "Who works where, for whom and in which function. Begin with these.",
    ImportKind.AUDIENCE: "Who by name must be ready for a product in a region, where not everyone of a function is.",
    ImportKind.COMPLETIONS: "Who completed which course, and when.",
    ImportKind.ATTEMPTS: "Who took which assessment, when, and with which score.",
}

IMPORT_STATES: dict[str, str] = {
    "queued": "Waits to be loaded",
    "running": "Being loaded",
    "completed": "Loaded",
    "failed": "Given up",
    "refused": "Refused",
}

IMPORT_STATES_MEAN: dict[str, str] = {
    "queued": "The file is kept safely. It is loaded as soon as a worker is free.",
    "running": "You may leave this page: it goes on by itself.",
    "completed": "What it brought counts now.",
    "failed": "It could not be loaded for a fault on our side. Bring the same file in again.",
    "refused": "It is not what a file of this kind must be: nothing of it was loaded. Mend it and bring it in again.",
}

IMPORT_COLOURS: dict[str, Rag] = {
    "queued": Rag.GREY,
    "running": Rag.AMBER,
    "completed": Rag.GREEN,
    "failed": Rag.RED,
    "refused": Rag.RED,
}
"""Which shape and colour go with the word for how far an import is."""

PEOPLE_VIEWS: dict[str, str] = {
    "everybody": "Everybody",
    "waited-for": "Whom the launch waits for",
    "to-learn": "Still learning",
    "to-certify": "To certify, or again",
    "stuck": "Attempts used up",
}
"""Sets of filters that are often wanted."""
