"""Which problem tells of an error that says by itself what is the matter?"""

from api.problems import Problem, away, problem_of
from api.sending import EngineAway
from readiness.refusals import CommandRefused
from store.engine import StoreAway, StoreFull

TOLD_BY_THEMSELVES: tuple[type[Exception], ...] = (Problem, CommandRefused, StoreAway, StoreFull, EngineAway)
"""The errors that are answered with a problem of their own; each other one is a fault of ours."""


def problem_for(error: Exception) -> Problem:
    """Return the problem of one of `TOLD_BY_THEMSELVES`; raises any other error again."""
    match error:
        case Problem():
            return error
        case CommandRefused():
            return problem_of(error.refusal)
        # Full is a kind of away, so it is asked about first.
        case StoreFull():
            return away("storage-full")
        case StoreAway():
            return away("store-away")
        case EngineAway():
            return away("engine-away")
        case _:
            raise error
