"""For which reasons can nobody take a permit away?"""

from typing import Literal

from readiness.refusal_bases import CameSecond, RefusalBase


class PermitNotGiven(RefusalBase):
    """The region has not launched, so there is no permit to take away."""

    kind: Literal["permit-not-given"] = "permit-not-given"


class PermitRevokedAlready(CameSecond):
    """The permit of this run was taken away already."""

    kind: Literal["permit-revoked-already"] = "permit-revoked-already"
