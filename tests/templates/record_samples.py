"""How do tests make the pages of the record, of deliveries and of access, with something in every place?"""

from dataclasses import replace
from datetime import timedelta

from readiness.delivering import Channel, DeliveryState
from templates.pages import (
    AccessPage,
    DeliveriesPage,
    DeliveryLine,
    DeliveryPage,
    Form,
    GoLine,
    HolderLine,
    KeptRecord,
    KeyLine,
    RecordFilters,
    RecordLine,
    RecordPage,
    RoleLine,
    StateTotal,
    TryLine,
)
from tests.readiness.builders import NOW
from tests.templates.samples import VIEWER

FORM = Form(wish="wish-0")


def record_page(**changes: object) -> RecordPage:
    """Return the page of the audit record, with `changes` to its one entry."""
    line = RecordLine(
        position=12,
        at=NOW,
        source="commands",
        kind="decide",
        person="ex-1",
        on_behalf_of="admin-1",
        name="Elena Fischer",
        role="executive",
        place="atlas-2 / emea",
        reason="All is learned.",
        meaning="Said go.",
        outcome="refused",
        refusal="gates-not-met",
        withheld="The poll is open.",
        digest="sha256:" + "0" * 64,
        act_address="/ledger?act=c-1",
        kept=KeptRecord("/v1/launches/atlas-2/regions/emea/decisions/9?run=1", "sha256:" + "9" * 64),
    )
    made = replace(line, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.
    return RecordPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        entries=1_234,
        sealed_until=1_200,
        checkpoint_minutes=5,
        verified_at=NOW - timedelta(hours=2),
        faults=2,
        waits_since=NOW - timedelta(minutes=1),
        filters=RecordFilters(product="atlas-2", region="emea", person="ex-1", kind="decide"),
        lines=(made,),
        newest_first=True,
        next_address="/ledger?after=12",
        first_address="/ledger?after=0",
        export_query="product=atlas-2",
    )


def delivery_line(**changes: object) -> DeliveryLine:
    """Return one delivery, with `changes`."""
    made = DeliveryLine(
        id="dlv-1",
        channel=Channel.WEBHOOK,
        target="whk-1",
        type="launch.decision.taken",
        product="atlas-2",
        region="emea",
        state=DeliveryState.GIVEN_UP,
        tries=12,
        at=NOW - timedelta(days=4),
        next_at=NOW + timedelta(hours=1),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # dataclasses.replace takes any field.


def deliveries_page(**changes: object) -> DeliveriesPage:
    """Return the page of deliveries, with `changes` to its one delivery."""
    states = (StateTotal(state=DeliveryState.GIVEN_UP, count=2, address="/deliveries", is_chosen=True),)
    return DeliveriesPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        states=states,
        lines=(delivery_line(**changes),),
        subscribed=2,
        disabled=1,
        next_address="/deliveries?before=1",
    )


def delivery_page(text: str = "Failed, HTTP 500") -> DeliveryPage:
    """Return the page of one delivery whose receiver answered with `text`."""
    tried = TryLine(round=1, number=2, began_at=NOW, ended_at=NOW + timedelta(seconds=1), fate=text)
    return DeliveryPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        line=delivery_line(target=text),
        tries=(tried, replace(tried, ended_at=None)),
        body=text,
        form=FORM,
    )


def access_page(text: str = "She leads EMEA now.") -> AccessPage:
    """Return the page of roles and keys, with `text` wherever people write."""
    change = RoleLine(
        person=text,
        name=text,
        role="Executive",
        region="*",
        is_granted=False,
        effective_at=NOW,
        at=NOW - timedelta(days=1),
        by=text,
        reason=text,
    )
    key = KeyLine(
        id="ltl_12345678",
        name="learning-system",
        scopes="Service: *",
        created_by=text,
        expires_at=NOW,
        last_used_at=NOW,
        standing="open",
        form=Form(wish="wish-3"),
    )
    filled = {"person": text, "reason": text, "name": text, "region": text}
    return AccessPage(
        viewer=VIEWER,
        refresh_seconds=None,
        read_at=NOW,
        roles=(("executive", "Executive"), ("service", "Service")),
        holders=(
            HolderLine(person=text, name=text, roles=("Executive everywhere", "Marketing in EMEA"), seen_at=NOW),
            HolderLine(person="pm-7", name=None, roles=("Product manager in EMEA",), seen_at=None),
        ),
        more_holders=True,
        changes=(change, replace(change, is_granted=True, region="emea")),
        person=text,
        sought_role="executive",
        sought_region="emea",
        regions=(("emea", "EMEA"),),
        says_go=(GoLine(regions=("EMEA",), names=("Elena Fischer",)), GoLine(regions=("APAC",), names=())),
        change_form=Form(wish="wish-1", values=filled, faults={"region": (text,)}, refusal=text),
        keys=(key, replace(key, form=None, last_used_at=None, standing="revoked")),
        key_roles=(("service", "Service"),),
        key_form=Form(wish="wish-2", values=filled, faults={"name": (text,)}),
        new_key="ltl_secret",
    )
