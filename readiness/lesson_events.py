"""What may happen to what an earlier wave learned?"""

from typing import Literal

from readiness.happened import Happened
from readiness.values import Digest


class LessonAddressed(Happened):
    """Somebody said how what an earlier wave learned is addressed here; the words stay in the command log."""

    type: Literal["lesson_addressed"] = "lesson_addressed"
    lesson: str
    how_digest: Digest
