"""What are workflows, their task queue and their search attributes called?"""

import hashlib
from datetime import datetime
from typing import Any

from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from readiness.keys import LaunchKey, RegionKey
from readiness.policy import Stage
from readiness.region import Verdict

TASK_QUEUE = "learn-then-launch"
"""The one queue of workflow and activity tasks; a second worker process simply polls it too."""

LONGEST_ID = 255
"""Characters of a workflow id that every server takes; only a delivery's could be longer, for the longest names."""

DELIVERY_QUEUE = "learn-then-launch-delivery"
"""The queue of what reaches out of the house: whoever is slow out there keeps nobody waiting in here."""

REGION_ENDED = "region_ended"
"""The signal by which a region tells its launch that it has ended; a name, because each would import the other."""

LOOK = "look"
"""The signal that hints at a change; sent together with a start, which takes a name."""

LAUNCH_PRODUCT = SearchAttributeKey.for_keyword("LaunchProduct")
LAUNCH_REGION = SearchAttributeKey.for_keyword("LaunchRegion")
LAUNCH_STAGE = SearchAttributeKey.for_keyword("LaunchStage")
LAUNCH_VERDICT = SearchAttributeKey.for_keyword("LaunchVerdict")
LAUNCH_AT = SearchAttributeKey.for_datetime("LaunchAt")

SEARCH_ATTRIBUTES = (LAUNCH_PRODUCT, LAUNCH_REGION, LAUNCH_STAGE, LAUNCH_VERDICT, LAUNCH_AT)
"""Every attribute by which operators find a launch; they are registered before any workflow uses them."""


def launch_id(product: str) -> str:
    """Return the workflow id of the launch of `product`."""
    return f"launch/{product}"


def region_launch_id(product: str, region: str) -> str:
    """Return the workflow id of the launch of `product` in `region`; every run of it has the same."""
    return f"launch/{product}/{region}"


def reinforcement_id(product: str, region: str) -> str:
    """Return the workflow id of what is kept up after `product` was launched in `region`."""
    return f"reinforcement/{product}/{region}"


def import_workflow_id(import_id: str) -> str:
    """Return the workflow id of one import."""
    return f"import/{import_id}"


def delivery_workflow_id(event_id: str, target: str, round_: int) -> str:
    """Return the workflow id of telling `target` of an event; each replay by hand has one of its own."""
    again = f"/{round_}" if round_ > 1 else ""
    whole = f"delivery/{event_id}/{target}{again}"
    if len(whole) <= LONGEST_ID:
        return whole
    return f"delivery/{hashlib.sha256(whole.encode('utf-8')).hexdigest()}"


def launch_attributes(key: LaunchKey) -> TypedSearchAttributes:
    """Return what a launch workflow starts with, so that it can be found from its first moment."""
    return TypedSearchAttributes([SearchAttributePair(LAUNCH_PRODUCT, key.product)])


def region_attributes(key: RegionKey, launch_at: datetime | None = None) -> TypedSearchAttributes:
    """Return what a region workflow starts with, by which it is found from its first moment.

    With its launch instant it begins as every region begins; without, stage, verdict and instant follow from its
    first look.
    """
    begins_with: list[SearchAttributePair[Any]] = [
        SearchAttributePair(LAUNCH_PRODUCT, key.product),
        SearchAttributePair(LAUNCH_REGION, key.region),
    ]
    if launch_at is not None:
        begins_with += [
            SearchAttributePair(LAUNCH_STAGE, Stage.VALUE_PROPOSITIONS.value),
            SearchAttributePair(LAUNCH_VERDICT, Verdict.NOT_READY.value),
            SearchAttributePair(LAUNCH_AT, launch_at),
        ]
    return TypedSearchAttributes(begins_with)
