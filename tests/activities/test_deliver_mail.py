"""Does a person get one mail that they can read, whatever is in a name and whenever a connection breaks?"""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from activities.deliver_mail import Mailer, MailServer, Rooms, composed
from readiness.delivering import Fate, Tried
from readiness.notices import Topic
from templates.mailing import SENTENCES, SUBJECTS, DigestPage, NoticePage, Reminded, Rendered, render_mail
from tests.deliver_mailbox import Mailbox, mailbox
from tests.deliver_receiver import receiving

SENDER = "launch@ltl.example"


def notice(**changes: object) -> NoticePage:
    """Return a notice of a hold, with changes."""
    told = {
        "name": "Ada Lovelace",
        "zone": "Europe/Berlin",
        "board": None,
        "topic": Topic.HELD,
        "product_name": "Atlas 2",
        "region_name": "EMEA",
        "at": datetime(2027, 3, 1, 8, tzinfo=UTC),
        "address": "https://launch.example/launches/atlas-2/emea",
    }
    return NoticePage(**{**told, **changes})  # type: ignore[arg-type]  # Its own fields, by name.


async def sent(box: Mailbox, rendered: Rendered | None = None, *, to: str = "ada@receiver.example") -> Tried:
    """Send a notice to Ada."""
    mailer = Mailer(MailServer(host=box.host, port=box.port, sender=SENDER, start_tls=False))
    return await mailer.send(rendered or render_mail(notice()), id_="dlv-1", to=to, name="Ada Lovelace")


def part(message: EmailMessage, subtype: str) -> str:
    """Return one form of a mail."""
    found = message.get_body((subtype,))
    assert isinstance(found, EmailMessage)
    content: str = found.get_content()
    return content


async def test_a_notice_arrives_in_both_forms_on_the_persons_clock() -> None:
    """It says what happened where and when, in HTML and in text, and has an id that no try changes."""
    with mailbox() as box:
        assert (await sent(box)).fate is Fate.ACCEPTED
        assert (await sent(box)).fate is Fate.ACCEPTED
    first, second = box.taken
    assert first["Subject"] == "Held: Atlas 2 in EMEA"
    assert first["Message-ID"] == second["Message-ID"] == "<dlv-1@ltl.example>"
    assert first["To"] == "Ada Lovelace <ada@receiver.example>"
    assert "List-Unsubscribe" in first
    for form in ("html", "plain"):
        assert "1 Mar 2027, 09:00 CET" in part(first, form)
        assert "https://launch.example/launches/atlas-2/emea" in part(first, form)
    assert "<style>" not in part(first, "html")
    assert box.recipients == [["ada@receiver.example"]] * 2


async def test_what_people_wrote_is_never_markup_and_never_a_template() -> None:
    """A name that looks like one or the other arrives as it was written."""
    hostile = "{{ 7 * 7 }}<script>alert(1)</script>"
    rendered = render_mail(notice(product_name=hostile, name=hostile))
    with mailbox() as box:
        await sent(box, rendered)
    (got,) = box.taken
    assert "<script>" not in part(got, "html")
    assert "&lt;script&gt;" in part(got, "html")
    assert "{{ 7 * 7 }}" in part(got, "plain")
    assert "49" not in part(got, "plain")


@pytest.mark.parametrize("line_break", ["\r\n", "\n", "\r", "\u2028", "\x0b"])
async def test_no_value_can_add_a_header(line_break: str) -> None:
    """A line break in a name stays within its own header."""
    hostile = f"Atlas{line_break}Bcc: everybody@receiver.example"
    with mailbox() as box:
        await sent(box, render_mail(notice(product_name=hostile)))
    (got,) = box.taken
    assert got["Bcc"] is None
    assert got["Subject"] == "Held: Atlas Bcc: everybody@receiver.example in EMEA"
    assert box.recipients == [["ada@receiver.example"]]


@pytest.mark.parametrize("to", ["", "ada", "ada@", "a b@receiver.example", "ada@receiver.example\r\nRCPT TO:<x@y.z>"])
async def test_what_is_no_address_is_sent_nothing(to: str) -> None:
    """It ends there, and no line of it reaches the mail server."""
    with mailbox() as box:
        tried = await sent(box, to=to)
    assert (tried.fate, box.taken) == (Fate.UNADDRESSED, [])


async def test_a_mail_that_was_refused_may_be_sent_again() -> None:
    """An answer is an answer: nothing was taken."""
    with mailbox("451 later", "250 OK") as box:
        first = await sent(box)
        assert (first.fate, first.status) == (Fate.FAILED, 451)
        assert (await sent(box)).fate is Fate.ACCEPTED
    assert len(box.taken) == 1


async def test_a_connection_that_breaks_after_the_mail_was_handed_over_is_uncertain() -> None:
    """The server took it and nobody heard so: whoever sent it again would send it twice."""
    with mailbox("lost") as box:
        tried = await sent(box)
    assert (tried.fate, len(box.taken)) == (Fate.UNCERTAIN, 1)


async def test_a_mail_server_that_is_not_there_is_a_failed_try() -> None:
    """Nothing was handed over, so it is tried again."""
    with mailbox() as box:
        pass
    assert (await sent(box)).fate is Fate.FAILED


@pytest.mark.parametrize("topic", Topic)
def test_every_topic_has_a_subject_and_a_sentence(topic: Topic) -> None:
    """A notice of any topic renders, and says what it is about."""
    rendered = render_mail(notice(topic=topic, address=None, name=None))
    assert rendered.subject.startswith(SUBJECTS[topic])
    assert SENTENCES[topic] in rendered.text
    assert SENTENCES[topic].endswith(".")


def test_a_digest_lists_everything_once() -> None:
    """One mail for all reminders of a day."""
    reminded = tuple(Reminded(product_name=f"Atlas {n}", region_name="EMEA", address=None) for n in range(3))
    rendered = render_mail(DigestPage(name="Ada", zone="UTC", board=None, reminders=reminded))
    assert rendered.subject == "You are asked to get ready for 3 launches"
    assert [rendered.text.count(f"Atlas {n} in EMEA") for n in range(3)] == [1, 1, 1]


def test_no_password_is_ever_shown() -> None:
    """What is printed of a mail server or a room holds no secret."""
    server = MailServer(host="mail.example", port=587, sender=SENDER, user="ltl", password="hunter2")
    assert "hunter2" not in repr(server) + repr(Mailer(server)) + repr(Rooms(("slack://hunter2",)))


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")
async def test_a_room_gets_a_notice_and_an_unknown_one_ends_it() -> None:
    """A room is a URL that apprise knows; what it does not know is given up at once."""
    rendered = render_mail(notice())
    with receiving(200) as receiver:
        room = receiver.url.replace("http://", "json://")
        rooms = Rooms((room, "nonsense"))
        assert (await rooms.say(1, rendered)).fate is Fate.ACCEPTED
    assert b"Held: Atlas 2 in EMEA" in receiver.received[0].body
    assert (await rooms.say(2, rendered)).fate is Fate.UNADDRESSED
    assert (await rooms.say(3, rendered)).fate is Fate.UNADDRESSED
    assert (await rooms.say(1, rendered)).fate is Fate.FAILED


def test_a_message_is_one_that_mail_programs_read() -> None:
    """Both forms are alternatives of each other, and it says that a program wrote it."""
    message = composed(render_mail(notice()), id_="dlv-1", to="ada@receiver.example", name=None, sender=SENDER)
    assert message.get_content_type() == "multipart/alternative"
    assert message["Auto-Submitted"] == "auto-generated"
    assert [each.get_content_type() for each in message.iter_parts()] == ["text/plain", "text/html"]
