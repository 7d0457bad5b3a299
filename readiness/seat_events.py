"""What may happen to a seat that nobody fills?"""

from typing import Literal

from readiness.happened import Happened
from readiness.policy import Function, Stage
from readiness.values import Identifier, Moment


class SeatIdled(Happened):
    """A seat waited for longer than the policy allows: an executive may name another person for it."""

    type: Literal["seat_idled"] = "seat_idled"
    stage: Stage
    """The signed stage, or `go_no_go` for a seat of the poll."""
    function: Function
    since: Moment
    """Since when it has been waited for."""


class SeatNamed(Happened):
    """An executive named a person for the idle seats of a function; it acts for nobody, and gives no right."""

    type: Literal["seat_named"] = "seat_named"
    function: Function
    named: Identifier
