"""What may happen to the permit of a region that has launched, because somebody wants it so?"""

from typing import Literal

from readiness.happened import Happened


class PermitRevoked(Happened):
    """The permit was taken away for ever in this run; only another run of the region can give a new one."""

    type: Literal["permit_revoked"] = "permit_revoked"
