"""Do pages say what the core says in the reader's language, with dates as pages write them?"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest

from readiness.commands import LaunchCommand, RegionCommand
from templates.core_words import PHRASES, SENTENCES, dated, plainly
from templates.language import Reader, reading
from templates.refusal_words import COMMANDS

ROOT = Path(__file__).parents[2]
CORE = ROOT / "readiness"
GERMAN = Reader("de", "Europe/Berlin")

PUT_TOGETHER = {"{} of {} certifications lapse", "1 of {} certifications lapses", "{} before the launch{}"}
"""What the core puts together of parts: `SENTENCES` has each way in which it may end up."""


OWNED = ("{} this launch, so", "You owned this launch, so")
"""How the core begins with what `owner_words` gives, and one of the two."""


def skeletons(module: str) -> set[str]:
    """Return every reason that a module of the core may give, with a hole for each value."""
    tree = ast.parse((CORE / module).read_text("utf-8"))
    held = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    held |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in held:
            found.add(node.value)
    # A reason is a clause: it has words beside its values.
    return {
        each for each in found if re.search(r"[a-z]+ (\{\}|[a-z]+) ?", each) and each[0].isupper() | (each[0] == "{")
    }


@pytest.mark.parametrize("module", ["criteria.py", "blockers.py", "evaluate.py", "role_values.py"])
def test_pages_know_every_reason_that_the_core_gives(module: str) -> None:
    """Whoever gives the core another reason gives pages the words for it: they are in the catalogue then."""
    known = {re.sub(r"%\(\w+\)s", "{}", message) for message in SENTENCES}
    asked = {re.sub(r" UTC(?=\W|$)", "", each) for each in skeletons(module)}
    assert asked - known - PUT_TOGETHER == set()


def sentence(node: ast.expr) -> Iterator[str]:
    """Yield each text that an expression may give, with a hole for each value."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)
        case ast.IfExp():
            yield from (*sentence(node.body), *sentence(node.orelse))


def refusals() -> set[str]:
    """Return every sentence with which something is refused."""
    found = set()
    for file in (*CORE.glob("*.py"), ROOT / "store" / "settling.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                is_refusing = isinstance(node.func, ast.Name) and node.func.id == "refuse"
                found |= {text for given in node.args[1:2] if is_refusing for text in sentence(given)}
                found |= {text for given in node.keywords if given.arg == "detail" for text in sentence(given.value)}
    return {text.replace(*OWNED) for text in found}


def test_pages_know_every_sentence_with_which_something_is_refused() -> None:
    """Whoever gives the core another refusal gives pages the words for it."""
    known = {re.sub(r"%\(\w+\)s", "{}", message) for message in SENTENCES}
    # A launch that has ended says on which day, where that is known.
    asked = {re.sub(r" UTC(?=\W|$)", "", each) for each in refusals()} - {"This launch has ended{}. " + NEXT}
    assert len(asked) > 80
    assert asked - known == set()


NEXT = "Start the product's next launch instead."


FAULTS_PUT_TOGETHER = {
    "{} is not a known time zone; {}.",
    "{} is already past{}; give a launch that is still to come.",
    "{}; list each course once.",
    "{}{}; leave it out.",
    "{}.",
}
"""What is put together of parts: `SENTENCES` has each way in which it may end up, or has it not on purpose."""


@pytest.mark.parametrize(
    "module", ["plan_bodies.py", "plan_reader.py", "plan_document.py", "plan_faults.py", "instants.py"]
)
def test_pages_know_every_fault_of_a_plan(module: str) -> None:
    """Whoever gives a plan another fault gives pages the words for it."""
    tree = ast.parse((CORE / module).read_text("utf-8"))
    held = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    held |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    said = {
        text
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant | ast.JoinedStr) and id(node) not in held
        for text in sentence(node)
        if text.endswith(".") and " " in text
    }
    # A day that is given without its time is said back with one.
    said = {each.replace("{}T09:00.", "{}.") for each in said}
    assert said
    assert said - {re.sub(r"%\(\w+\)s", "{}", message) for message in SENTENCES} - FAULTS_PUT_TOGETHER == set()


def test_pages_know_what_every_command_is_called() -> None:
    """Each kind of command has a word of its own within a sentence."""
    kinds = {each.model_fields["kind"].default for union in (LaunchCommand, RegionCommand) for each in members(union)}
    assert COMMANDS.keys() >= kinds


def members(union: Any) -> tuple[Any, ...]:
    """Return the classes of an annotated union."""
    return get_args(get_args(union)[0])


def test_whatever_needs_a_reason_is_named() -> None:
    """What the core asks a reason for is among the phrases of pages."""
    asked = {
        text
        for file in CORE.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "require_reason"
        for text in sentence(node.args[1])
    }
    assert asked
    assert asked <= set(PHRASES)


@pytest.mark.parametrize(
    ("said", "english", "german"),
    [
        (
            "4 of 8 certifications lapse before the launch, the first on 2026-12-07",
            "4 of 8 certifications lapse before the launch, the first on 7 Dec 2026",
            "4 von 8 Zertifizierungen laufen vor dem Start ab, die erste am 7. Dez. 2026",
        ),
        (
            "1200 of 6000 hold no certification valid at launch",
            "1,200 of 6,000 hold no certification valid at launch",
            "1.200 von 6.000 haben keine Zertifizierung, die beim Start gilt",
        ),
        (
            "Waived until 2027-03-15 08:00 UTC down to 0.75",
            "Waived until 15 Mar 2027, 08:00 UTC down to 75%",
            "Ausnahmegenehmigung bis 15. März 2027, 08:00 UTC, herab bis 75\N{NO-BREAK SPACE}%",
        ),
        (
            "Sales has not signed the value propositions for 3 working days; "
            "an executive may name another person of sales",
            "Sales has not signed the value propositions for 3 working days; "
            "an executive may name another person of sales",
            "Vertrieb hat die Nutzenversprechen nicht abgezeichnet, seit 3 Arbeitstagen; "
            "die Geschäftsleitung darf eine andere Person benennen: Vertrieb",
        ),
        (
            "These gates are not met yet: certified_share, poll_complete. A decision is taken once they are.",
            "These gates are not met yet: audience certified on launch day, poll complete. "
            "A decision is taken once they are.",
            "Noch nicht erfüllt: Am Starttag zertifizierte Zielgruppe, Abstimmung vollständig. "
            "Entschieden wird, sobald das erfüllt ist.",
        ),
        (
            "The launch instant 2027-03-01T09:00 has passed. Reschedule the region, then decide.",
            "The launch instant 1 Mar 2027, 09:00 has passed. Reschedule the region, then decide.",
            "Der Startzeitpunkt 1. März 2027, 09:00 ist vorbei. Verschieben Sie den Start der Region und entscheiden "
            "Sie dann.",
        ),
        (
            "Only someone with the role sales_lead in this region signs for sales.",
            "Only someone with the role sales lead in this region signs for sales.",
            "Nur wer in dieser Region die Rolle Vertriebsleitung hat, zeichnet für Vertrieb ab.",
        ),
        (
            "ex-2 was quicker: a later sign_off was carried out first. Look at how the region stands now, then ask "
            "again if it is still right.",
            "ex-2 was quicker: a later sign-off was carried out first. Look at how the region stands now, then ask "
            "again if it is still right.",
            "ex-2 war schneller: ein späterer Befehl (Abzeichnung) wurde zuerst ausgeführt. Sehen Sie nach, wie die "
            "Region jetzt steht, und fragen Sie noch einmal, wenn es dann noch stimmt.",
        ),
        (
            "The workflow engine does not answer at the moment. What was asked may or may not have happened: ask "
            "again with the same key.",
            "The workflow engine does not answer at the moment. What was asked may or may not have happened: ask "
            "again with the same key.",
            "Die Workflow-Engine antwortet im Moment nicht. Ob geschehen ist, was angefragt wurde, ist ungewiss: "
            "fragen Sie noch einmal.",
        ),
        (
            "Whatever nobody foresaw on 2027-03-01.",
            "Whatever nobody foresaw on 1 Mar 2027.",
            "Whatever nobody foresaw on 1. März 2027.",
        ),
    ],
    ids=["lapse", "thousands", "waiver", "within another", "criteria", "passed", "role", "later", "away", "unknown"],
)
def test_a_sentence_of_the_core_is_said_as_pages_say_it(said: str, english: str, german: str) -> None:
    """Known sentences are translated with their values; of others the dates and the names of criteria are ours."""
    assert " ".join(plainly(said).split()) == english
    with reading(GERMAN):
        assert " ".join(plainly(said).split()) == " ".join(german.split())


@pytest.mark.parametrize(
    "kept",
    [
        "q-2027-01-01",
        "2027-01-01-launch",
        "/files/2027-01-01",
        "2027-03-01T09:00:00+01:00",
        "2027-13-41",
        "12027-01-011",
    ],
)
def test_what_only_looks_like_a_date_is_left_alone(kept: str) -> None:
    """Ids, addresses and instants as the API takes them stay as they are, and so does what is no day."""
    assert dated(f"See {kept}.") == f"See {kept}."
    assert plainly(f"The segment {kept} has no statement yet") == f"The segment {kept} has no statement yet"
