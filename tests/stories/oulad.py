"""Do the figures of real learners come out exactly as somebody else counted them?"""

# `make oulad` imports 13,327 learners of the Open University Learning Analytics dataset into a fresh installation,
# starts a launch for each of its nine products, and compares the readiness of all 115 product/regions with figures
# that were counted independently.

import argparse
import csv
import io
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from bootstrap.api_client import Api
from readiness.commands import Role
from readiness.readiness import SATISFIED
from store.board import marked_regions
from store.regions import latest_region, region_record
from tests.stories.house import House, as_csv, eventually

DATA = Path("..") / "shared" / "data" / "oulad-2013"
KINDS = ("people", "audience", "completions", "attempts")
OWNER = "oulad-owner"
ZONE = "Europe/London"
AHEAD = timedelta(days=400)
"""The history is from 2013 and 2014; the launches lie in the future."""

SETTLED_WITHIN = timedelta(minutes=10)
LOADED_WITHIN = timedelta(minutes=10)


class Counts(NamedTuple):
    """What is counted of one product in one region."""

    audience: int
    trained: int
    certified: int


class Standing(NamedTuple):
    """How one region launch stands: its version moves with every event, its index with every figure."""

    counts: Counts
    version: int
    readiness_index: float
    met: frozenset[str]
    """The criteria that are met."""


Products = dict[str, Any]
Expected = dict[tuple[str, str], Counts]


def read_products(folder: Path) -> Products:
    """Return each product's courses, assessment and pass mark."""
    products: Products = json.loads((folder / "products.json").read_text(encoding="utf-8"))
    return products


def read_expected(folder: Path) -> Expected:
    """Return the figures of each product and region."""
    found = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return {tuple(key.split("/")): Counts(**counts) for key, counts in found.items()}


def settle_owner_in(house: House) -> None:
    """Import the one person whom the data lacks: somebody must own the launches."""
    row = {
        "person_id": OWNER,
        "name": "The owner",
        "email": "owner@ou.example",
        "function": "office",
        "region": "headquarters",
    }
    house.bring_in(_enablement(house), "people", [row])


def start_launches(house: House, products: Products, expected: Expected) -> None:
    """Start a launch of every product in every region that it has learners in."""
    launch_on = (datetime.now(UTC) + AHEAD).date()
    owner = house.speak(OWNER, Role.PRODUCT_MANAGER)
    for product, asked in products.items():
        regions = sorted(region for name, region in expected if name == product)
        owner.ask(
            "/v1/launches",
            {
                "product": product,
                "name": product.upper(),
                "tier": 3,
                "owner": OWNER,
                "launch_at": f"{launch_on.isoformat()}T09:00",
                "regions": [{"region": region, "name": region, "time_zone": ZONE} for region in regions],
                "courses": [{"course_id": course, "title": course} for course in asked["courses"]],
                "assessment": {
                    "assessment_id": asked["assessment"],
                    "title": asked["assessment"],
                    "pass_mark": asked["pass_mark"],
                },
            },
        )


def bring_in(house: House, folder: Path, kind: str) -> dict[str, Any]:
    """Import one of the files as it is."""
    return house.upload(_enablement(house), kind, (folder / f"{kind}.csv").read_bytes(), within=LOADED_WITHIN)


def bring_in_again(house: House, folder: Path, kind: str, chance: random.Random) -> dict[str, Any]:
    """Import the same rows in another order: another file, which is loaded row by row."""
    with (folder / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    chance.shuffle(rows)
    return house.upload(_enablement(house), kind, as_csv(rows), within=LOADED_WITHIN)


def settled(house: House, expected: Expected) -> dict[tuple[str, str], Standing]:
    """Return how every region stands, once every change is counted and looked at, and page and board agree."""
    reader = house.speak("oulad-auditor", Role.AUDITOR)
    products = sorted({product for product, _ in expected})

    def board() -> dict[tuple[str, str], tuple[int, float]]:
        rows = [row for product in products for row in reader.read_all("/v1/readiness", product=product)]
        return {(row["product"], row["region"]): (row["version"], row["index"]) for row in rows}

    def look() -> tuple[bool, dict[tuple[str, str], Standing]]:
        counted = not house.in_store(lambda tx: marked_regions(tx, limit=1))
        shown = board()
        found = {key: _standing(reader, *key) for key in sorted(expected)}
        agrees = shown == {key: (standing.version, standing.readiness_index) for key, standing in found.items()}
        return counted and agrees and shown == board() and house.in_store(lambda tx: _have_looked(tx, found)), found

    return eventually(look, lambda seen: seen[0], within=SETTLED_WITHIN)[1]


def differences(expected: Expected, found: dict[tuple[str, str], Standing]) -> Iterator[str]:
    """Yield a line for each product and region whose figures are not those that were counted independently."""
    for key in sorted(expected.keys() | found.keys()):
        counted = found[key].counts if key in found else None
        if counted != expected.get(key):
            yield f"{'/'.join(key)}: expected {expected.get(key)}, found {counted}"


def _standing(reader: Api, product: str, region: str) -> Standing:
    readiness = reader.read(f"/v1/launches/{product}/regions/{region}/readiness")
    criteria = {each["key"]: each for stage in readiness["stages"] for each in stage["criteria"]}
    training, certified = criteria["training_completion"], criteria["certified_share"]
    if training["denominator"] != certified["denominator"]:
        raise ValueError(f"{product}/{region} counts two audiences")
    counts = Counts(training["denominator"], training["numerator"], certified["numerator"])
    met = frozenset(key for key, each in criteria.items() if each["status"] == "met")
    return Standing(counts, readiness["version"], readiness["index"], met)


def _have_looked(tx: Connection, found: dict[tuple[str, str], Standing]) -> bool:
    """Say whether each region's own last look found met what is met: a hint may still be on its way to it."""
    for (product, region), standing in found.items():
        key = latest_region(tx, product, region)
        judged = region_record(tx, key).region.judged if key is not None else ()
        if {each.key.value for each in judged if each.status in SATISFIED} != standing.met:
            return False
    return True


def _enablement(house: House) -> Api:
    return house.speak("oulad-enablement", Role.ENABLEMENT)


class _Proof:
    """One run of the comparison, printing as it goes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 - the order of files is no secret.
        self._products = read_products(folder)
        self._expected = read_expected(folder)
        self._faults: list[str] = []
        self._timings: list[tuple[str, float]] = []

    def run(self, house: House) -> int:
        """Import, start, compare, import again, compare again; return the exit status."""
        order = list(KINDS)
        self._chance.shuffle(order)
        position = self._chance.randint(0, len(order))
        steps = [*order[:position], "start launches", *order[position:]]
        _say(f"order: {', '.join(steps)}")
        settle_owner_in(house)
        for step in steps:
            if step in KINDS:
                self._load(step, partial(bring_in, house, self._folder, step))
            else:
                with self._timed(f"start {len(self._products)} launches in {len(self._expected)} regions"):
                    start_launches(house, self._products, self._expected)
        with self._timed("figures settle"):
            first = settled(house, self._expected)
        self._print(first)
        self._faults.extend(differences(self._expected, first))
        self._again(house, first)
        self._report()
        return 1 if self._faults else 0

    def _again(self, house: House, first: dict[tuple[str, str], Standing]) -> None:
        order = list(KINDS)
        self._chance.shuffle(order)
        for kind in order:
            again = partial(bring_in_again, house, self._folder, kind, self._chance)
            found = self._load(f"{kind} again", again)
            if (found["accepted"], found["unchanged"]) != (0, found["rows_read"]):
                self._faults.append(f"{kind} again: {found['accepted']} accepted, {found['rejected']} rejected")
        with self._timed("figures settle again"):
            second = settled(house, self._expected)
        moved = ["/".join(key) for key in first if first[key] != second[key]]
        if moved:
            self._faults.append(f"importing again changed {', '.join(moved)}")

    def _load(self, what: str, load: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with self._timed(f"import {what}"):
            found = load()
        counted = ", ".join(f"{found[name]} {name}" for name in ("rows_read", "accepted", "unchanged", "rejected"))
        _say(f"  {found['state']}: {counted}")
        if found["state"] != "completed" or found["rejected"]:
            self._faults.append(f"import {what}: {found['state']}, {found['rejected']} rejected")
        return found

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self._timings.append((what, took))
        _say(f"{what}: {took:.1f} s")

    def _print(self, found: dict[tuple[str, str], Standing]) -> None:
        titles = ("product", "region", "audience", "trained", "certified", "expected", "")
        rows = []
        for key, wanted in sorted(self._expected.items()):
            counts = found[key].counts
            shown = "/".join(map(str, wanted))
            rows.append((*key, *map(str, counts), shown, "=" if counts == wanted else "DIFFERS"))
        _say(_table(titles, rows))

    def _report(self) -> None:
        equal = len(self._expected) - sum(1 for fault in self._faults if ": expected " in fault)
        _say(f"{equal} of {len(self._expected)} product/regions equal the independent count exactly.")
        for fault in self._faults:
            _say(f"FAULT {fault}")
        if not self._faults:
            _say("Importing everything again, rows in another order, changed nothing.")
        _say(_table(("step", "seconds"), [(what, f"{took:.1f}") for what, took in self._timings]))


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    listed = [tuple(titles), *map(tuple, rows)]
    widths = [max(map(len, column)) for column in zip(*listed, strict=True)]
    target = io.StringIO()
    for row in listed:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip(), file=target)
    return target.getvalue()


def _say(line: str) -> None:
    print(line, flush=True)


def main() -> int:
    """Run the comparison that the command line asks for; 1 on any difference."""
    parser = argparse.ArgumentParser(prog="python -m tests.stories.oulad", description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the four files and expected.json")
    parser.add_argument("--seed", type=int, default=None, help="the order of files and rows; printed by each run")
    asked = parser.parse_args()
    if not (asked.data / "expected.json").is_file():
        parser.error(f"there is no expected.json in {asked.data}")
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(1_000_000)
    _say(f"seed: {seed}")
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ltl-oulad-") as folder, House(Path(folder) / "ltl") as house:
        _say(f"ltl up: {time.monotonic() - begun:.1f} s")
        status = _Proof(asked.data, seed).run(house)
    _say(f"in all: {time.monotonic() - begun:.1f} s")
    return status


if __name__ == "__main__":
    sys.exit(main())
