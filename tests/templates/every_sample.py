"""Which sample stands for each page?"""

from templates.pages import Page
from tests.templates.board_samples import board_page, small_board
from tests.templates.launch_samples import LAUNCH_SAMPLES
from tests.templates.people_samples import import_page, imports_page, me_page, nudge_page, people_page
from tests.templates.record_samples import access_page, deliveries_page, delivery_page, record_page
from tests.templates.room_samples import confirm_page, decide_page
from tests.templates.samples import (
    launch_page,
    permit_page,
    personas_page,
    problem_page,
    region_page,
)

SAMPLES: tuple[Page, ...] = (
    record_page(),
    deliveries_page(),
    delivery_page(),
    access_page(),
    board_page(),
    small_board(),
    launch_page(),
    region_page(),
    problem_page(),
    permit_page(),
    personas_page(),
    confirm_page(),
    decide_page(),
    people_page(),
    nudge_page(),
    imports_page(),
    import_page(),
    me_page(),
    *LAUNCH_SAMPLES,
)
"""A page of each kind."""
