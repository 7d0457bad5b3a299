"""What does everybody see of a launch, by every way of looking, and what is true of it?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from html import unescape
from typing import Any, NamedTuple

from starlette.testclient import TestClient

from api.app import create_app
from api.identity import EVERYWHERE, Actor, RoleGrant
from api.pages import OPEN_PAGE_PATHS, pages_router
from bootstrap.web import routers
from readiness.commands import Choice, Role
from readiness.keys import RegionKey
from readiness.region import Verdict
from readiness.rules import GOES, evaluate, fold, judged_instant
from store.engine import Store
from store.ledger import rows_after
from store.regions import region_record
from store.sight import gather
from tests.api.door import SettableClock, bearer, dependencies, new_issuer
from tests.store.desk import PRODUCT

HOPEFUL = frozenset({Verdict.GO, Verdict.CONDITIONAL_GO, Verdict.LAUNCHED})
"""What must never be said unless it is so."""

_WORDS = {"Go": Verdict.GO, "Conditional go": Verdict.CONDITIONAL_GO, "Launched": Verdict.LAUNCHED}
_CELL = re.compile(
    r'<td class="c \w+ v-(?P<verdict>\w+)"><p class="v"><a href="/launches/(?P<product>[^/"]+)/(?P<region>[^"]+)">'
)
_TOTAL = re.compile(r'<span class="n">(?P<count>[\d,]+)</span> (?P<word>[^<]+)</a>')
_HEADING = re.compile(r'<h2 id="verdict"><span class="vh">Verdict: </span>(?P<word>[^<]+)</h2>')
_NO_PERMIT = "It has launched"
_PERSONA = Actor(person="au-1", roles=(RoleGrant(Role.AUDITOR, EVERYWHERE),), token_id="persona")


class Claim(NamedTuple):
    """Somebody was told a verdict; `how` says by which way of looking."""

    how: str
    region: str
    verdict: Verdict


class Truth(NamedTuple):
    """What the workflow says: the fold of the ledger, by evidence that is counted now."""

    verdict: Verdict
    choice: Choice | None
    """What was decided, where the decision stands."""


@dataclass
class Onlooker:
    """Looks at one product through the real routes, and counts how often."""

    store: Store
    keys: dict[str, RegionKey]
    reads: int = 0
    _client: TestClient = field(init=False)
    _headers: dict[str, str] = field(init=False)

    def __post_init__(self) -> None:
        clock = SettableClock(self.store.now())
        issuer = new_issuer(clock)
        made = replace(dependencies(self.store, issuer, clock), clock=self.store.now, page_persona=_PERSONA)
        app = create_app(made, routers=routers(), pages=(pages_router(),), open_paths=OPEN_PAGE_PATHS)
        self._client = TestClient(app, base_url="http://localhost", client=("127.0.0.1", 5000))
        self._headers = bearer(issuer, "au-1", (Role.AUDITOR, EVERYWHERE))

    def close(self) -> None:
        """Look no more."""
        self._client.close()

    def claims(self) -> Iterator[Claim]:
        """Look in every way there is, and tell what was said."""
        yield from self._of_rows("the board", self._json("/v1/readiness")["items"])
        yield from self._of_rows("the board of gos", self._json("/v1/readiness?verdict=go")["items"])
        yield from self._of_rows("the product", self._json(f"/v1/launches/{PRODUCT}/readiness")["regions"])
        yield from self._of_rows("the launch", self._json(f"/v1/launches/{PRODUCT}")["regions"])
        yield from self._of_cells("the board's page", self.page("/"))
        yield from self._of_cells("the board's page of gos", self.page("/?verdict=go"))
        for region in self.keys:
            path = f"/v1/launches/{PRODUCT}/regions/{region}"
            yield from self._of_rows("the region", [self._json(f"{path}/readiness")])
            later = (self.store.now() + timedelta(days=40)).isoformat().replace("+", "%2B")
            yield from self._of_rows("the region later", [self._json(f"{path}/readiness?at={later}")])
            if _NO_PERMIT in self._json(f"{path}/permit", status=404)["detail"]:
                yield Claim("the permit", region, Verdict.LAUNCHED)
            found = _HEADING.search(self.page(f"/launches/{PRODUCT}/{region}"))
            assert found is not None
            yield Claim("the region's page", region, _WORDS.get(found["word"], Verdict.HELD))

    def page(self, path: str) -> str:
        """Return a page as a browser on this machine reads it."""
        self.reads += 1
        answer = self._client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def told_falsely(self) -> list[Claim]:
        """Return every claim of a go or a launch that is not so."""
        truths = {region: truth_of(self.store, key) for region, key in self.keys.items()}
        return [claim for claim in self.claims() if claim.verdict in HOPEFUL and not _holds(claim, truths)]

    def _json(self, path: str, *, status: int = 200) -> Any:
        self.reads += 1
        answer = self._client.get(path, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def _of_rows(self, how: str, rows: list[Any]) -> Iterator[Claim]:
        for row in rows:
            yield Claim(how, row["region"], Verdict(row["verdict"]))
            if row["stage"] == "launched":
                yield Claim(f"{how}, its stage", row["region"], Verdict.LAUNCHED)
            decision = row.get("decision")
            if decision is not None and decision["verdict"] in {choice.value for choice in GOES}:
                yield Claim(f"{how}, its decision", row["region"], Verdict(decision["verdict"]))

    def _of_cells(self, how: str, page: str) -> Iterator[Claim]:
        cells = [Claim(how, found["region"], Verdict(found["verdict"])) for found in _CELL.finditer(page)]
        yield from cells
        for found in _TOTAL.finditer(page):
            verdict = _WORDS.get(found["word"])
            shown = sum(cell.verdict is verdict for cell in cells)
            if verdict is not None and int(found["count"]) > shown:
                yield Claim(f"{how}, its totals", "", verdict)


def truth_of(store: Store, key: RegionKey) -> Truth:
    """Return what is true of a region: nothing that was kept is believed but ledger, facts and texts."""
    with store.reading() as tx:
        now = store.now(tx)
        region = fold(key, None, rows_after(tx, key, 0))
        assert region is not None
        record = region_record(tx, key)._replace(region=region)
        at = judged_instant(region, now=now)
        evidence = gather(tx, [record], {key: at}, now=now, counted_anew=True)[key]
        verdict = evaluate(region.policy, evidence, region, at=at).verdict
    return Truth(verdict, region.decision.choice if region.decision is not None else None)


def _holds(claim: Claim, truths: dict[str, Truth]) -> bool:
    if claim.region == "":
        return False
    truth = truths[claim.region]
    if claim.how.endswith("its decision"):
        return truth.choice is not None and truth.choice.value == claim.verdict.value
    return truth.verdict is claim.verdict
