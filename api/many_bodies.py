"""What may a request say that governs several regions at once?"""

# Each is the body of the call on one region, with the regions beside it.

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, Tag

from api.bodies import (
    BallotBody,
    CancelBody,
    DecisionBody,
    GoverningBody,
    HoldBody,
    PolicyAnswerBody,
    PolicyChangeBody,
    PollBody,
    RescheduleBody,
    ResumeBody,
    RevokePermitBody,
    SignOffBody,
    WaiverBody,
)
from readiness.values import Body, Slug

MOST_REGIONS = 500
"""Regions of one call: as many as an edit may name."""

SeenVersion = Annotated[int, Field(strict=True, ge=1, le=2**31)]


def _shape(regions: object) -> str | None:
    match regions:
        case str():
            return "all"
        case list() | tuple():
            return "names"
        case dict():
            return "versions"
        case _:
            return None


class EachBody(Body):
    """In which regions something is to be done."""

    regions: Annotated[
        Annotated[Literal["*"], Tag("all")]
        | Annotated[tuple[Slug, ...], Field(min_length=1, max_length=MOST_REGIONS), Tag("names")]
        | Annotated[dict[Slug, SeenVersion], Field(min_length=1, max_length=MOST_REGIONS), Tag("versions")],
        Discriminator(
            _shape,
            custom_error_type="regions_unreadable",
            custom_error_message='Regions are a list of names, an object of names with versions, or "*"',
        ),
        Field(
            description="The names of regions; or each with the `version` of its readiness that you act on, as in "
            '`{"emea": 19}`; or `"*"` for every running region of the launch in which you have the right.'
        ),
    ]
    seen: None = None
    """Each region has a version of its own: say them in `regions`."""

    def named(self) -> tuple[str, ...] | None:
        """Return the regions that are named, each once and in order; None where all are meant."""
        return None if self.regions == "*" else tuple(sorted(set(self.regions)))

    def seen_of(self, region: str) -> int | None:
        """Return the version that was seen of `region`, where it was said."""
        return self.regions.get(region) if isinstance(self.regions, dict) else None


def _each(body: type[GoverningBody]) -> ConfigDict:
    """Return the configuration of `body` with the regions in each of its examples."""
    extra: Any = body.model_config.get("json_schema_extra") or {}
    examples: list[Any] = [
        {"regions": "*", **{name: value for name, value in example.items() if name != "seen"}}
        for example in extra.get("examples", ())
    ]
    return ConfigDict(json_schema_extra={"examples": examples})


class SignOffsBody(EachBody, SignOffBody):
    """A function's position on one exact revision, in each region that says just that."""

    model_config = _each(SignOffBody)


class DecisionsBody(EachBody, DecisionBody):
    """An executive's decision on each of several regions."""

    model_config = _each(DecisionBody)


class WaiversBody(EachBody, WaiverBody):
    """The same waiver, asked for in each of several regions."""

    model_config = _each(WaiverBody)


class PollsBody(EachBody, PollBody):
    """The wish to poll each of several regions."""

    model_config = _each(PollBody)


class BallotsBody(EachBody, BallotBody):
    """A function's position on each of several regions."""

    model_config = _each(BallotBody)


class HoldsBody(EachBody, HoldBody):
    """Why the launch stops in each of several regions."""

    model_config = _each(HoldBody)


class ResumesBody(EachBody, ResumeBody):
    """Why the hold ends in each of several regions."""

    model_config = _each(ResumeBody)


class CancelsBody(EachBody, CancelBody):
    """Why the launch ends in each of several regions."""

    model_config = _each(CancelBody)


class ReschedulesBody(EachBody, RescheduleBody):
    """The new launch instant, on the clock of each of several regions."""

    model_config = _each(RescheduleBody)


class PolicyChangesBody(EachBody, PolicyChangeBody):
    """Another policy for each of several regions."""

    model_config = _each(PolicyChangeBody)


class PolicyAnswersBody(EachBody, PolicyAnswerBody):
    """The answer to the same change of policy in each of several regions."""

    model_config = _each(PolicyAnswerBody)


class RevokePermitsBody(EachBody, RevokePermitBody):
    """Why the product may not be sold any more in each of several regions that have launched."""

    model_config = _each(RevokePermitBody)
