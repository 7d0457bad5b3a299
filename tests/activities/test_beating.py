"""Does an activity go on beating while it is busy, and stop when it is over?"""

import threading
from datetime import timedelta

from temporalio.testing import ActivityEnvironment

from activities.beating import Beating

AT_ONCE = timedelta(milliseconds=1)
PATIENCE_SECONDS = 30.0


def test_the_latest_heartbeat_is_repeated_while_a_step_takes_long() -> None:
    """Beats go on without another word from the activity, and say how far it has come."""
    heard: list[int] = []
    often_enough = threading.Event()

    def hear(progress: int) -> None:
        heard.append(progress)
        if heard.count(7) == 4:
            often_enough.set()

    def step() -> bool:
        with Beating(AT_ONCE) as beating:
            beating.beat(7)
            return often_enough.wait(PATIENCE_SECONDS)

    environment = ActivityEnvironment()
    environment.on_heartbeat = hear
    assert environment.run(step)
    assert set(heard) == {7}


def test_an_activity_that_is_over_beats_no_more() -> None:
    """Nothing is heard once it is left, nor before it has come anywhere."""
    heard: list[int] = []
    environment = ActivityEnvironment()
    environment.on_heartbeat = heard.append

    def step() -> int:
        with Beating(AT_ONCE) as beating:
            assert not heard
            beating.beat(1)
        return len(heard)

    told = environment.run(step)
    assert len(heard) == told
    assert not [thread for thread in threading.enumerate() if thread.name == "heartbeat"]
