"""Who may do what, and where?"""

# One row per action; whatever no row allows is denied. A person may do a regional act in a region where they hold one
# of the row's roles (or hold it for every region, `*`). Roles come from the token; a job title grants none.

from dataclasses import dataclass
from enum import StrEnum

from api.identity import EVERYWHERE, Actor
from api.problems import Problem
from readiness.commands import ROLE_OF_FUNCTION, Role
from readiness.policy import Function


class Action(StrEnum):
    """Everything that an endpoint may be for; each endpoint states exactly one."""

    START_LAUNCH = "start_launch"
    ADD_REGION = "add_region"
    CHANGE_OWNER = "change_owner"
    RESCHEDULE = "reschedule"
    HOLD = "hold"
    RESUME = "resume"
    CANCEL = "cancel"
    EDIT_CONTENT = "edit_content"
    RAISE_OBJECTION = "raise_objection"
    SIGN_OFF = "sign_off"
    DECIDE = "decide"
    REQUEST_WAIVER = "request_waiver"
    ANSWER_WAIVER = "answer_waiver"
    OPEN_POLL = "open_poll"
    CAST_BALLOT = "cast_ballot"
    MEET_CONDITION = "meet_condition"
    NAME_SEAT = "name_seat"
    CHANGE_POLICY = "change_policy"
    ANSWER_POLICY = "answer_policy"
    ADDRESS_LESSON = "address_lesson"
    IMPORT_FACTS = "import_facts"
    READ_IMPORT = "read_import"
    READ_BOARD = "read_board"
    READ_LAUNCH = "read_launch"
    READ_READINESS = "read_readiness"
    READ_PEOPLE = "read_people"
    READ_TIMELINE = "read_timeline"
    READ_BALL = "read_ball"
    READ_CONTENT = "read_content"
    READ_PERMIT = "read_permit"
    READ_LEDGER = "read_ledger"
    REVOKE_PERMIT = "revoke_permit"
    READ_POLICIES = "read_policies"
    PROPOSE_TIER = "propose_tier"
    READ_REFERENCE = "read_reference"
    NUDGE = "nudge"
    MANAGE_WEBHOOKS = "manage_webhooks"
    READ_DELIVERIES = "read_deliveries"
    REPLAY_DELIVERY = "replay_delivery"
    READ_OWN = "read_own"
    CHANGE_ROLES = "change_roles"
    READ_ROLES = "read_roles"
    MANAGE_KEYS = "manage_keys"
    READ_KEYS = "read_keys"


class Reach(StrEnum):
    """For which regions a role must be held."""

    REGION = "region"
    """For every region that the act concerns; `*` covers them all."""
    EVERYWHERE = "everywhere"
    """For `*`: the act concerns all regions at once and cannot be cut up."""
    ANYWHERE = "anywhere"
    """For any region: what the act shows or does belongs to no region."""


@dataclass(frozen=True, slots=True)
class Right:
    """One row of the table: who may do the action, and why they."""

    action: Action
    reach: Reach
    roles: tuple[Role, ...]
    """In the order in which the role used is named, where a person holds several."""
    why: str


_MANAGER, _MARKETING, _SALES, _ENABLEMENT = Role.PRODUCT_MANAGER, Role.MARKETING, Role.SALES_LEAD, Role.ENABLEMENT
_EXECUTIVE, _SELLER, _AUDITOR, _ADMIN, _SERVICE = Role.EXECUTIVE, Role.SELLER, Role.AUDITOR, Role.ADMIN, Role.SERVICE

_GOVERNING = (_MANAGER, _MARKETING, _SALES, _ENABLEMENT, _EXECUTIVE)
_WATCHING = (*_GOVERNING, _AUDITOR, _ADMIN, _SERVICE)
_EVERYONE = tuple(Role)

# fmt: off
TABLE: tuple[Right, ...] = (
    # What steers a launch. Admins run the installation and never a launch: two keys mean two people of the trade.
    Right(Action.START_LAUNCH, Reach.REGION, (_MANAGER,),
          "The product manager plans the launch, in regions of their own."),
    Right(Action.ADD_REGION, Reach.REGION, (_MANAGER,),
          "Adding a region is planning."),
    Right(Action.CHANGE_OWNER, Reach.REGION, _GOVERNING,
          "Who owns the launch, or manages the product in all its regions: see the core."),
    Right(Action.RESCHEDULE, Reach.REGION, (_MANAGER,),
          "Moving the date is planning; it keeps a go that covers it or takes it away, and never gives one."),
    Right(Action.HOLD, Reach.REGION, (_MANAGER, _EXECUTIVE, _SALES),
          "Whoever answers for the region may stop it: stopping is safe."),
    Right(Action.RESUME, Reach.REGION, (_MANAGER, _EXECUTIVE),
          "Resuming gives nothing: the region still needs a new go."),
    Right(Action.CANCEL, Reach.REGION, (_MANAGER, _EXECUTIVE),
          "Ending a region launch is for who plans it or who decides on it."),
    Right(Action.REVOKE_PERMIT, Reach.REGION, (_EXECUTIVE, _MANAGER),
          "Taking away is safe: whoever could have cancelled the launch may end the sale after it, for good."),
    # What is said and signed.
    Right(Action.EDIT_CONTENT, Reach.REGION, (_MARKETING, _MANAGER),
          "Marketing writes the message; whatever changes must be signed anew."),
    Right(Action.RAISE_OBJECTION, Reach.REGION, (_SELLER, _SALES),
          "Objections come from those who hear them."),
    Right(Action.SIGN_OFF, Reach.REGION, (_MARKETING, _SALES, _ENABLEMENT, _MANAGER),
          "Each signs for their own function only: see may_act_for."),
    Right(Action.DECIDE, Reach.REGION, (_EXECUTIVE,),
          "Only an executive says go; the core refuses the launch owner."),
    Right(Action.REQUEST_WAIVER, Reach.REGION, (_MANAGER, _MARKETING, _SALES, _ENABLEMENT),
          "Whoever works on a gate may ask to pass it; asking opens nothing."),
    Right(Action.ANSWER_WAIVER, Reach.REGION, (_EXECUTIVE,),
          "An executive answers, never their own request or item: see the core."),
    Right(Action.OPEN_POLL, Reach.REGION, (_MANAGER, _ENABLEMENT, _EXECUTIVE),
          "Asking everybody for their position gives nothing."),
    Right(Action.CAST_BALLOT, Reach.REGION, (_MARKETING, _SALES, _ENABLEMENT, _MANAGER),
          "Each votes for their own function only: see may_act_for."),
    Right(Action.MEET_CONDITION, Reach.REGION, _GOVERNING,
          "Who promised a condition, or owns the launch, says that it is met: see the core."),
    Right(Action.NAME_SEAT, Reach.REGION, (_EXECUTIVE,),
          "An idle seat goes to the executive, who names another person and never signs for it."),
    Right(Action.CHANGE_POLICY, Reach.REGION, (_MANAGER,),
          "Asking for other rules is planning; it changes nothing until a second person confirms it."),
    Right(Action.ANSWER_POLICY, Reach.REGION, (_EXECUTIVE, _MANAGER),
          "An executive who neither asked nor owns confirms; who asked may take it back: see the core."),
    Right(Action.ADDRESS_LESSON, Reach.REGION, (_MARKETING, _MANAGER),
          "Who writes the message, or plans the launch, says how what an earlier wave learned is addressed."),
    # Facts. A file names people of any region, so whoever loads one, or reads its bad rows, answers for all regions.
    Right(Action.IMPORT_FACTS, Reach.EVERYWHERE, (_ENABLEMENT, _ADMIN, _SERVICE),
          "Enablement, or the system of record, brings in who has learned what."),
    Right(Action.READ_IMPORT, Reach.EVERYWHERE, (_ENABLEMENT, _ADMIN, _SERVICE, _AUDITOR),
          "Bad rows repeat what the file said of people."),
    # What is read. Lists show the regions in which the reader holds a role of the row, and count nothing else.
    Right(Action.READ_BOARD, Reach.REGION, _WATCHING,
          "All who work on a launch see where their regions stand."),
    Right(Action.READ_LAUNCH, Reach.REGION, _WATCHING,
          "All who work on a launch see its plan for their regions."),
    Right(Action.READ_READINESS, Reach.REGION, _WATCHING,
          "All who work on a launch see what blocks it; figures, no names."),
    Right(Action.READ_PEOPLE, Reach.REGION, (_ENABLEMENT, _SALES, _MANAGER, _AUDITOR, _ADMIN),
          "Who is missing what is for those who can help, and who must prove it."),
    Right(Action.READ_TIMELINE, Reach.REGION, _WATCHING,
          "Who decided what, when and why is no secret among them."),
    Right(Action.READ_BALL, Reach.REGION, _WATCHING,
          "Who has kept a launch waiting is told among them, by function and never by person."),
    Right(Action.READ_CONTENT, Reach.REGION, (*_WATCHING, _SELLER),
          "Sellers read what they are to say."),
    Right(Action.READ_PERMIT, Reach.REGION, _EVERYONE,
          "Whether a product may be sold in a region is for everyone there."),
    Right(Action.READ_LEDGER, Reach.REGION, (_AUDITOR, _ADMIN),
          "Who asked what, from where and by which right is for who must prove it; one of some regions sees those."),
    Right(Action.READ_POLICIES, Reach.ANYWHERE, _EVERYONE,
          "The tier defaults are the same for all."),
    Right(Action.PROPOSE_TIER, Reach.ANYWHERE, _EVERYONE,
          "Whoever thinks of a launch may ask what it would be; it changes nothing."),
    Right(Action.READ_REFERENCE, Reach.ANYWHERE, _EVERYONE,
          "What a refusal means is documentation."),
    # What leaves the house: where events go is for who runs it, and concerns all regions at once.
    Right(Action.NUDGE, Reach.REGION, (_ENABLEMENT, _SALES, _MANAGER),
          "Who helps people to get ready may remind them; each hears of it once a day at most."),
    Right(Action.MANAGE_WEBHOOKS, Reach.EVERYWHERE, (_ADMIN,),
          "Who hears of everything is decided by who runs the installation."),
    Right(Action.READ_DELIVERIES, Reach.EVERYWHERE, (_ADMIN, _AUDITOR),
          "What was told to whom shows every region."),
    Right(Action.REPLAY_DELIVERY, Reach.EVERYWHERE, (_ADMIN,),
          "Sending again is running the installation; it tells nothing new."),
    Right(Action.READ_OWN, Reach.ANYWHERE, _EVERYONE,
          "What is due for oneself; it answers about the token's person only."),
    # Who may come in as whom. Nobody changes their own roles, and a key never governs: see the core.
    Right(Action.CHANGE_ROLES, Reach.REGION, (_ADMIN,),
          "Admins say who is who in their regions; what they say counts at once, and again at the launch."),
    Right(Action.READ_ROLES, Reach.REGION, (_ADMIN, _AUDITOR),
          "Who was granted what, by whom and why, is for who grants and who must prove it."),
    Right(Action.MANAGE_KEYS, Reach.EVERYWHERE, (_ADMIN,),
          "A key opens the door to a program, in whichever regions it says."),
    Right(Action.READ_KEYS, Reach.EVERYWHERE, (_ADMIN, _AUDITOR),
          "Which programs may come in, and when each last did."),
)
# fmt: on

FRESH_LOGIN = frozenset({Action.DECIDE, Action.ANSWER_WAIVER})
"""What nobody does with a login that is older than a setting: a go, and a waiver granted, bear a person's name."""

RIGHTS: dict[Action, Right] = {right.action: right for right in TABLE}

DOING: dict[Action, str] = {
    Action.START_LAUNCH: "start a launch",
    Action.ADD_REGION: "add a region to a launch",
    Action.CHANGE_OWNER: "hand a launch over",
    Action.RESCHEDULE: "move a launch",
    Action.HOLD: "hold a launch",
    Action.RESUME: "let a held launch go on",
    Action.CANCEL: "cancel a launch",
    Action.REVOKE_PERMIT: "revoke a permit",
    Action.EDIT_CONTENT: "write what is said of a product",
    Action.RAISE_OBJECTION: "report an objection",
    Action.SIGN_OFF: "sign what is said of a product",
    Action.DECIDE: "decide on a launch",
    Action.REQUEST_WAIVER: "ask for a waiver",
    Action.ANSWER_WAIVER: "answer a waiver",
    Action.OPEN_POLL: "open a poll",
    Action.CAST_BALLOT: "vote in a poll",
    Action.MEET_CONDITION: "say that a condition is met",
    Action.NAME_SEAT: "name somebody for an idle seat",
    Action.CHANGE_POLICY: "ask for other rules",
    Action.ANSWER_POLICY: "confirm or decline other rules",
    Action.ADDRESS_LESSON: "say how a lesson is addressed",
    Action.IMPORT_FACTS: "bring in people and what they learned",
    Action.READ_IMPORT: "see what was brought in",
    Action.READ_BOARD: "see the board",
    Action.READ_LAUNCH: "see a launch",
    Action.READ_READINESS: "see how ready a region is",
    Action.READ_PEOPLE: "see who has learned what",
    Action.READ_TIMELINE: "see what has happened",
    Action.READ_BALL: "see who holds the ball",
    Action.READ_CONTENT: "read what is said of a product",
    Action.READ_PERMIT: "see a permit",
    Action.READ_LEDGER: "see the audit record",
    Action.READ_POLICIES: "see the rules of each tier",
    Action.PROPOSE_TIER: "ask for the tier of a launch",
    Action.READ_REFERENCE: "read what a refusal means",
    Action.NUDGE: "remind people",
    Action.MANAGE_WEBHOOKS: "say where events are sent",
    Action.READ_DELIVERIES: "see what was sent to whom",
    Action.REPLAY_DELIVERY: "have something sent again",
    Action.READ_OWN: "see what is due for you",
    Action.CHANGE_ROLES: "give or withdraw roles",
    Action.READ_ROLES: "see who holds which role",
    Action.MANAGE_KEYS: "give out keys for programs",
    Action.READ_KEYS: "see the keys of programs",
}
"""What whoever does each action does, as it is said to those who may not."""


def not_allowed(action: Action, where: str = "") -> Problem:
    """Return the 403 of who holds no role of the row; `where` is said behind it, as in ` in emea, apac`."""
    return Problem("not-allowed", f"No role of yours allows you to {DOING[action]}{where}.")


@dataclass(frozen=True, slots=True)
class Regions:
    """The regions in which an action is allowed: every one, or those named (in order), or none."""

    everywhere: bool
    named: tuple[str, ...]

    def covers(self, region: str) -> bool:
        """Say whether the action is allowed in `region`."""
        return self.everywhere or region in self.named

    def __bool__(self) -> bool:
        return self.everywhere or bool(self.named)


def can(actor: Actor, action: Action, region: str | None = None) -> bool:
    """Say whether `actor` may do `action` in `region`; without one, in every region there is or will be."""
    return right_used(actor, action, region) is not None


def right_used(actor: Actor, action: Action, region: str | None = None) -> Role | None:
    """Return the role by which `actor` may do `action`, the first in the row's order; None where denied."""
    right = RIGHTS.get(action)
    if right is None:
        return None
    return next((role for role in right.roles if _reaches(right.reach, actor, role, region)), None)


def allowed_regions(actor: Actor, action: Action) -> Regions:
    """Return where `actor` may do `action`; an action that belongs to no region is allowed everywhere or nowhere."""
    right = RIGHTS.get(action)
    if right is None:
        return Regions(everywhere=False, named=())
    if right.reach is not Reach.REGION or can(actor, action):
        return Regions(everywhere=can(actor, action), named=())
    # A role for every region but some comes with each of the others by name.
    named = {grant.region for grant in actor.roles if grant.role in right.roles and grant.region != EVERYWHERE}
    return Regions(everywhere=False, named=tuple(sorted(named)))


def may_act_for(actor: Actor, function: Function, region: str) -> bool:
    """Say whether `actor` speaks for `function` in `region`: who does has its role there."""
    return _reaches(Reach.REGION, actor, ROLE_OF_FUNCTION[function], region)


def _reaches(reach: Reach, actor: Actor, role: Role, region: str | None) -> bool:
    held = {grant.region: grant.excluding for grant in actor.roles if grant.role is role}
    if reach is Reach.ANYWHERE:
        return bool(held)
    if reach is Reach.REGION and region is not None and region != EVERYWHERE:
        return region in held or (EVERYWHERE in held and region not in held[EVERYWHERE])
    return EVERYWHERE in held and not held[EVERYWHERE]
