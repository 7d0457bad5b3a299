"""Does the table of rights say who may do what, and is everything else denied?"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.identity import Actor, RoleGrant
from api.rights import DOING, RIGHTS, TABLE, Action, Reach, allowed_regions, can, may_act_for, right_used
from readiness.commands import Role
from readiness.policy import Function
from templates.problem_words import DOINGS

REGIONS = ("emea", "apac", "amer")

GOVERNING = {
    Action.START_LAUNCH: {Role.PRODUCT_MANAGER},
    Action.ADD_REGION: {Role.PRODUCT_MANAGER},
    Action.CHANGE_OWNER: {
        Role.PRODUCT_MANAGER,
        Role.MARKETING,
        Role.SALES_LEAD,
        Role.ENABLEMENT,
        Role.EXECUTIVE,
    },
    Action.RESCHEDULE: {Role.PRODUCT_MANAGER},
    Action.HOLD: {Role.PRODUCT_MANAGER, Role.EXECUTIVE, Role.SALES_LEAD},
    Action.RESUME: {Role.PRODUCT_MANAGER, Role.EXECUTIVE},
    Action.CANCEL: {Role.PRODUCT_MANAGER, Role.EXECUTIVE},
    Action.REVOKE_PERMIT: {Role.PRODUCT_MANAGER, Role.EXECUTIVE},
    Action.EDIT_CONTENT: {Role.MARKETING, Role.PRODUCT_MANAGER},
    Action.RAISE_OBJECTION: {Role.SELLER, Role.SALES_LEAD},
    Action.SIGN_OFF: {Role.MARKETING, Role.SALES_LEAD, Role.ENABLEMENT, Role.PRODUCT_MANAGER},
    Action.DECIDE: {Role.EXECUTIVE},
    Action.NAME_SEAT: {Role.EXECUTIVE},
    Action.IMPORT_FACTS: {Role.ENABLEMENT, Role.ADMIN, Role.SERVICE},
}

grants = st.builds(RoleGrant, role=st.sampled_from(Role), region=st.sampled_from(("*", *REGIONS)))
actors = st.builds(
    Actor, person=st.just("pm-7"), roles=st.lists(grants, max_size=4).map(tuple), token_id=st.just("t-1")
)


def holding(*roles: tuple[Role, str]) -> Actor:
    """Return somebody with `roles`."""
    return Actor(
        person="p-1", roles=tuple(RoleGrant(role=role, region=region) for role, region in roles), token_id="t"
    )


def test_every_action_has_one_row() -> None:
    """No action is missing from the table or in it twice, and each row names its roles once and says why."""
    assert [right.action for right in TABLE] == list(RIGHTS)
    assert set(RIGHTS) == set(Action)
    assert all(right.roles and len(set(right.roles)) == len(right.roles) for right in TABLE)
    assert all(right.why.endswith(".") for right in TABLE)


def test_every_action_is_said_to_those_who_may_not_do_it() -> None:
    """Each has words of its own, which pages know to say in other languages."""
    assert set(DOING) == set(Action)
    assert tuple(DOING.values()) == DOINGS


@pytest.mark.parametrize("action", GOVERNING)
@pytest.mark.parametrize("role", Role)
def test_only_the_named_roles_govern(action: Action, role: Role) -> None:
    """Whatever changes a launch or its facts is for the roles listed here, written down a second time on purpose."""
    everywhere = holding((role, "*"))
    assert can(everywhere, action, "emea") is (role in GOVERNING[action])
    assert can(everywhere, action) is (role in GOVERNING[action])


@pytest.mark.parametrize("action", Action)
def test_who_holds_no_role_may_do_nothing(action: Action) -> None:
    """A token without grants opens no door."""
    assert not can(holding(), action)
    assert not can(holding(), action, "emea")
    assert not allowed_regions(holding(), action)


@pytest.mark.parametrize("action", [right.action for right in TABLE if right.reach is Reach.REGION])
def test_a_role_in_one_region_counts_there_only(action: Action) -> None:
    """A regional act is allowed in the region of the role, in no other, and not for all regions."""
    actor = holding((RIGHTS[action].roles[0], "emea"))
    assert can(actor, action, "emea")
    assert not can(actor, action, "apac")
    assert not can(actor, action, "*")
    assert not can(actor, action, "EMEA")
    assert not can(actor, action)


def test_facts_are_imported_by_who_answers_for_all_regions() -> None:
    """A file may name people of any region, so a role in one region does not import."""
    assert not can(holding((Role.ENABLEMENT, "emea")), Action.IMPORT_FACTS)
    assert not can(holding((Role.ENABLEMENT, "emea")), Action.IMPORT_FACTS, "emea")
    assert can(holding((Role.ENABLEMENT, "*")), Action.IMPORT_FACTS)


def test_what_belongs_to_no_region_is_open_from_any() -> None:
    """The tier defaults are read by a seller of one region."""
    assert can(holding((Role.SELLER, "apac")), Action.READ_POLICIES)


@given(actor=actors, action=st.sampled_from(Action), region=st.sampled_from(REGIONS))
def test_the_regions_allowed_are_those_where_one_can(actor: Actor, action: Action, region: str) -> None:
    """A list that shows the allowed regions shows exactly what could be asked for one by one."""
    regions = allowed_regions(actor, action)
    if RIGHTS[action].reach is Reach.ANYWHERE:
        assert bool(regions) is regions.everywhere is can(actor, action)
    else:
        assert regions.covers(region) is can(actor, action, region)


@given(actor=actors, action=st.sampled_from(Action), region=st.sampled_from((None, *REGIONS)))
def test_the_role_used_is_one_that_the_person_holds(actor: Actor, action: Action, region: str | None) -> None:
    """What is recorded as the right behind an act is a role of the row that the person holds there."""
    role = right_used(actor, action, region)
    assert (role is not None) is can(actor, action, region)
    if role is not None:
        assert role in RIGHTS[action].roles
        assert role in {grant.role for grant in actor.roles}


@pytest.mark.parametrize(
    ("function", "role"),
    [
        (Function.MARKETING, Role.MARKETING),
        (Function.SALES, Role.SALES_LEAD),
        (Function.ENABLEMENT, Role.ENABLEMENT),
        (Function.PRODUCT, Role.PRODUCT_MANAGER),
    ],
)
def test_one_acts_for_the_function_of_ones_role_only(function: Function, role: Role) -> None:
    """Each function is spoken for by its role in that region, and by no other role."""
    assert may_act_for(holding((role, "emea")), function, "emea")
    assert not may_act_for(holding((role, "emea")), function, "apac")
    others = holding(*((other, "*") for other in Role if other is not role))
    assert not may_act_for(others, function, "emea")
