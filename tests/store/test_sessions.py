"""Is a session kept by the hash of its cookie alone, and a login taken once?"""

from datetime import timedelta

from sqlalchemy import text

from readiness.commands import Role
from store.sessions import begin_login, begin_session, end_session, session_of, take_login, touch_session
from tests.store.desk import Desk

HOUR = timedelta(hours=1)


def begun(desk: Desk, *, instead_of: str | None = None) -> str:
    """Begin a session of two hours and return its cookie."""
    with desk.store.writing() as tx:
        return begin_session(
            tx,
            person="ex-1",
            grants=[(Role.EXECUTIVE, "emea")],
            logged_in_at=desk.clock.now,
            now=desk.clock.now,
            life=2 * HOUR,
            instead_of=instead_of,
        )


def test_a_session_lives_while_it_is_used_and_ends_for_good(desk: Desk) -> None:
    """It is found by its cookie, moved on by use, and gone at its end or once ended; its cookie is nowhere kept."""
    cookie, start = begun(desk), desk.clock.now
    with desk.store.writing() as tx:
        found = session_of(tx, cookie, now=start, idle=HOUR)
        assert found is not None
        assert (found.person, found.grants) == ("ex-1", ((Role.EXECUTIVE, "emea"),))
        assert cookie not in str(tx.execute(text("SELECT * FROM sessions")).all())
        assert session_of(tx, cookie, now=start + HOUR, idle=HOUR) is None
        touch_session(tx, found, now=start + HOUR / 2)
        assert session_of(tx, cookie, now=start + HOUR, idle=HOUR) is not None
        assert session_of(tx, cookie, now=start + 2 * HOUR, idle=3 * HOUR) is None
        end_session(tx, cookie)
        assert session_of(tx, cookie, now=start, idle=HOUR) is None


def test_a_new_session_ends_the_one_before_and_those_too_old(desk: Desk) -> None:
    """Nothing is left of a cookie that was planted, nor of sessions that nobody ended."""
    first = begun(desk)
    begun(desk, instead_of=first)
    desk.clock.now += 2 * HOUR
    begun(desk)
    with desk.store.reading() as tx:
        assert tx.execute(text("SELECT count(*) FROM sessions")).scalar() == 1


def test_a_login_is_taken_once_and_in_time(desk: Desk) -> None:
    """What came back once, or too late, or from another browser, begins nothing."""
    with desk.store.writing() as tx:
        cookie, login = begin_login(tx, return_to="/", now=desk.clock.now)
        assert take_login(tx, "another", now=desk.clock.now) is None
        assert take_login(tx, cookie, now=desk.clock.now) == login
        assert take_login(tx, cookie, now=desk.clock.now) is None
        late, _ = begin_login(tx, return_to="/", now=desk.clock.now)
        assert take_login(tx, late, now=desk.clock.now + timedelta(minutes=10)) is None
