"""Who speaks for a function in a region or decides there, by name, as far as the reader may know?"""

# Whoever reads in a region who signed, voted and decided may read by name whose turn it is there. Who granted which
# role, and since when, stays with those who may read the roles.

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from api.dependencies import Dependencies
from api.identity import Actor
from api.rights import Action, can
from readiness.prospect import AHEAD_IS_OF, Ahead, ahead, voters
from readiness.readiness import Readiness
from store.holders import holders_in
from store.names import names_of
from templates.pages import Spoken, Then


@dataclass(frozen=True, slots=True)
class Speakers:
    """The names of who speaks, by region and by the word for whom it waits: a function, or `executive`."""

    names: Mapping[str, Mapping[str, tuple[str, ...]]]

    def of(self, region: str, waiting_on: str) -> tuple[str, ...]:
        """Return the names of who speaks for `waiting_on` in `region`; empty where nobody is known."""
        return self.names.get(region, {}).get(waiting_on, ())

    def thens(self, readiness: Readiness) -> tuple[Then, ...]:
        """Return what comes in a region, each with the names of whose it is, or the functions that do it."""
        return tuple(
            Then(each, (), self._speaking(readiness))
            if each is Ahead.VOTES
            else Then(each, self.of(readiness.region, AHEAD_IS_OF[each]))
            for each in ahead(readiness)
        )

    def _speaking(self, readiness: Readiness) -> tuple[Spoken, ...]:
        return tuple(Spoken(each.value, self.of(readiness.region, each.value)) for each in voters(readiness))


NOBODY_NAMED = Speakers({})
"""Where it does not matter who speaks."""


def speakers(tx: Connection, deps: Dependencies, actor: Actor, regions: Iterable[str], *, now: datetime) -> Speakers:
    """Return who speaks in those of `regions` in which `actor` may read who did what; at most three queries."""
    read = [region for region in set(regions) if can(actor, Action.READ_TIMELINE, region)]
    found = holders_in(tx, read, now=now)
    named = names_known(
        tx, deps, {person for spoken in found.values() for each in spoken.values() for person in each}
    )
    return Speakers(
        {
            region: {word: tuple(named.get(person, person) for person in each) for word, each in spoken.items()}
            for region, spoken in found.items()
        }
    )


def names_known(tx: Connection, deps: Dependencies, people: Iterable[str]) -> dict[str, str]:
    """Return the names of people as far as they are known, of those among them whom one may try out as too."""
    return {persona.person: persona.name for persona in deps.personas} | names_of(tx, set(people))
