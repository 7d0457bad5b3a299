"""What may befall a launch while whoever counts, and whoever decides, stands still or lags behind?"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from readiness.commands import Choice, Position, RegionCommand, Role
from readiness.keys import RegionKey
from readiness.policy import SIGNED_STAGES, Stage
from readiness.region import Verdict
from readiness.rules import fold, verdict_of
from store.board import marked_regions, refresh_figures
from store.ledger import rows_after
from store.watching import report_lost
from tests.readiness.builders import OWNER, SIGNERS
from tests.store.desk import Desk

VALID_DAYS = 365


@dataclass
class Weather:
    """Changes the facts, the texts, the ledger and the hour, and leaves it to chance who notices."""

    desk: Desk
    keys: dict[str, RegionKey]
    rng: Random
    done: Counter[str] = field(default_factory=Counter)
    _texts: int = 0
    _waiting: list[tuple[RegionKey, RegionCommand]] = field(default_factory=list)
    """Commands that no workflow has heard of yet."""

    def turn(self) -> None:
        """Let one thing happen."""
        chances: dict[Callable[[], None], int] = {
            self.bring_to_a_go: 6,
            self.void: 3,
            self.learn: 1,
            self.edit: 2,
            self.withdraw: 2,
            self.hold: 1,
            self.resume: 1,
            self.hear: 2,
            self.look: 2,
            self.count: 3,
            self.lose: 2,
            self.pass_time: 3,
            self.come_to_the_instant: 2,
            self.launch: 2,
            self.reschedule_to_the_eve_of_a_lapse: 1,
        }
        (happening,) = self.rng.choices(list(chances), list(chances.values()))
        happening()
        self.done[happening.__name__] += 1

    # --- what happens

    def bring_to_a_go(self) -> None:
        """Take a region from wherever it is to a go that everybody can see."""
        key = self._any()
        region = self.desk.region(key)
        if region.ending is not None:
            return
        if region.launch_at <= self.desk.clock.now:
            self._move_instant(key, self.desk.clock.now + timedelta(days=60))
        self.desk.teach(key.region)
        self._sign(key)
        self.desk.look(key)
        if self.desk.region(key).holding is not None:
            self.desk.carry_out(key, self.desk.ask(key, "resume", "ex-1", Role.EXECUTIVE))
        self.desk.carry_out(key, self.desk.decide(key, Choice.GO))
        self.count()

    def void(self) -> None:
        """Have every pass of a region corrected away."""
        self.desk.void_passes(self._any().region)

    def void_what_goes(self) -> None:
        """Have every pass corrected away where a go stands."""
        for key in self.keys.values():
            if verdict_of(self.desk.region(key)) is Verdict.GO:
                self.desk.void_passes(key.region)

    def learn(self) -> None:
        """Have everybody of a region learn anew."""
        self.desk.teach(self._any().region)

    def edit(self) -> None:
        """Edit a text, for all regions or for one."""
        self._texts += 1
        holds = sorted(self.keys)
        where = {} if self.rng.random() < 0.5 or not self._open() else {"regions": [self.rng.choice(self._open())]}
        if self._open():
            body = {"statement": f"Atlas 2 halves your close, says text {self._texts}."}
            self.desk.write(Stage.VALUE_PROPOSITIONS, "all", body, holds=holds, **where)

    def withdraw(self) -> None:
        """Send back what was signed; the workflow hears of it, or does not yet."""
        key = self._any()
        (_, role, person), stage = self.rng.choice(SIGNERS), self.rng.choice(SIGNED_STAGES)
        signature = next(
            (s for s in self.desk.region(key).sign_offs if s.stage is stage and s.person == person), None
        )
        if signature is None:
            return
        back = {"stage": stage, "function": signature.function, "digest": signature.digest}
        command = self.desk.ask(key, "sign_off", person, role, position=Position.SEND_BACK, **back)
        self._sent(key, command)

    def hold(self) -> None:
        """Hold a region; the workflow hears of it, or does not yet."""
        key = self._any()
        self._sent(key, self.desk.hold(key))

    def resume(self) -> None:
        """Resume a region."""
        key = self._any()
        self._sent(key, self.desk.ask(key, "resume", "ex-1", Role.EXECUTIVE))

    def hear(self) -> None:
        """Have the workflows hear of what waited for them."""
        while self._waiting:
            self.desk.carry_out(*self._waiting.pop(0))

    def look(self) -> None:
        """Have one workflow look; the others stand still."""
        key = self._any()
        if self.desk.region(key).ending is None:
            self.desk.look(key)

    def count(self) -> None:
        """Have some of what is marked counted; whoever counts is slow."""
        with self.desk.store.reading() as tx:
            marked = marked_regions(tx)
        if marked:
            refresh_figures(self.desk.store, self.rng.sample(marked, self.rng.randint(1, len(marked))))

    def lose(self) -> None:
        """Find that a workflow was lost."""
        report_lost(self.desk.store, self._any())

    def pass_time(self) -> None:
        """Let time go by, a little or a lot."""
        self.desk.clock.now += timedelta(seconds=self.rng.choice((1, 59, 3_600, 86_400, 30 * 86_400)))

    def come_to_the_instant(self) -> None:
        """Let time go by until a region's instant, or just past it."""
        near = min((self.desk.region(key).launch_at for key in self.keys.values()), default=self.desk.clock.now)
        beyond = timedelta(seconds=self.rng.choice((-1, 0, 1, 30, 59, 61, 1_800, 7_200)))
        self.desk.clock.now = max(self.desk.clock.now, near + beyond)

    def launch(self) -> None:
        """Have a workflow ask for the launch, and carry out the answer if that is a no."""
        key = self._any()
        if self.desk.region(key).ending is None:
            self.desk.launch(key)

    def reschedule_to_the_eve_of_a_lapse(self) -> None:
        """Move an instant so that the passes of a region lapse half a minute after it."""
        key = self._any()
        region = self.desk.region(key)
        if region.ending is not None:
            return
        self.desk.teach(key.region)
        passed_at = self.desk.clock.now - timedelta(days=1)
        self._move_instant(key, passed_at + timedelta(days=VALID_DAYS) - timedelta(seconds=30))
        self._sign(key)
        self.desk.look(key)
        self.desk.carry_out(key, self.desk.decide(key, Choice.GO))
        self.count()
        if self.rng.random() < 0.7 and verdict_of(self.desk.region(key)) is Verdict.GO:
            self.desk.clock.now = self.desk.region(key).launch_at + timedelta(
                seconds=self.rng.choice((0, 29, 31, 45))
            )

    # --- how

    def said_last(self, key: RegionKey) -> Verdict:
        """Return what a workflow said last, whatever has changed since: what a careless board would show."""
        with self.desk.store.reading() as tx:
            region = fold(key, None, rows_after(tx, key, 0))
        assert region is not None
        return verdict_of(region)

    def _any(self) -> RegionKey:
        return self.rng.choice(list(self.keys.values()))

    def _open(self) -> list[str]:
        return [region for region, key in self.keys.items() if self.desk.region(key).ending is None]

    def _sent(self, key: RegionKey, command: RegionCommand) -> None:
        if self.rng.random() < 0.6:
            self.desk.carry_out(key, command)
        else:
            self._waiting.append((key, command))

    def _sign(self, key: RegionKey) -> None:
        for stage in SIGNED_STAGES:
            for function, role, person in SIGNERS:
                self.desk.carry_out(key, self.desk.sign_off(key, stage, function, role, person))

    def _move_instant(self, key: RegionKey, launch_at: datetime) -> None:
        asked = {"launch_at": launch_at, "wall_clock": "2027-03-01T09:00"}
        self.desk.carry_out(key, self.desk.ask(key, "reschedule", OWNER, Role.PRODUCT_MANAGER, **asked))
