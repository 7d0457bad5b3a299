"""Is nothing taken from payloads by a sandbox that is not asked for whom they are?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Self

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec, SerializationContext, WithSerializationContext

from bootstrap.codec import converter
from bootstrap.sandbox import ContextWanted, require_no_context
from tests.bootstrap.test_codec import NEW


class Knowing(PayloadCodec, WithSerializationContext):
    """A codec that would seal for each workflow with a key of its own."""

    def with_context(self, context: SerializationContext) -> Self:
        """Return a codec for that workflow."""
        return type(self)()

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return the payloads."""
        return list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Return the payloads."""
        return list(payloads)


@pytest.mark.parametrize("keys", [None, NEW], ids=["plain", "sealed"])
def test_our_converters_need_not_know_for_whom(keys: str | None) -> None:
    """What we read and write payloads with is the same for every workflow, sealed or not."""
    require_no_context(converter(keys))


def test_a_converter_that_must_know_for_whom_is_refused() -> None:
    """A codec with keys of each workflow would be told nothing, so no worker starts with it."""
    with pytest.raises(ContextWanted, match="told for whom"):
        require_no_context(replace(converter(None), payload_codec=Knowing()))
