"""How is a tier chosen on the command line?"""

import sys
from typing import Annotated, Any

import typer

from bootstrap.cli.options import HERE, OPERATOR, AsJson, Directory, Person, one_of


def tier(
    answers: Annotated[
        list[str] | None,
        typer.Option("--answer", metavar="QUESTION=ANSWER", help="For example market=new-segment; may be repeated."),
    ] = None,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    as_json: AsJson = False,
) -> None:
    """Propose a tier by questions of business impact, asked where --answer leaves them open. Changes nothing."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from readiness.commands import Role

    said = [_split(answer) for answer in answers or ()]
    with opened(directory, person, Role.AUDITOR) as api:
        questions = api.read("/v1/tiers")["questions"]
        chosen = _given(questions, said)
        is_asked = sys.stdin.isatty() and not as_json
        open_questions = [question for question in questions if question["key"] not in chosen]
        if open_questions and not is_asked:
            raise typer.BadParameter(_still_open(open_questions), param_hint="--answer")
        for question in open_questions:
            chosen[question["key"]] = _asked(question)
        proposal = api.ask("/v1/tiers/propose", {"answers": chosen})
    if as_json:
        showing.as_json(proposal)
    else:
        _show(proposal)


def _split(answer: str) -> tuple[str, str]:
    question, is_said, chosen = answer.partition("=")
    if not is_said:
        raise typer.BadParameter(f"{answer!r} is not QUESTION=ANSWER, as in market=known.", param_hint="--answer")
    return question, chosen


def _given(questions: list[dict[str, Any]], said: list[tuple[str, str]]) -> dict[str, str]:
    """Return the answers of the options by question; raises BadParameter for what no question asks."""
    known = {question["key"]: [answer["key"] for answer in question["answers"]] for question in questions}
    chosen: dict[str, str] = {}
    for name, answer in said:
        key = one_of(name, known, hint="--answer")
        if key in chosen:
            raise typer.BadParameter(f"{key} is answered twice; answer it once.", param_hint="--answer")
        chosen[key] = one_of(answer, known[key], hint=f"--answer {key}")
    return chosen


def _asked(question: dict[str, Any]) -> str:
    """Ask a question on the terminal, its answers numbered, and return the chosen one."""
    from bootstrap.cli import showing

    showing.line(question["text"], style="bold")
    for number, answer in enumerate(question["answers"], start=1):
        showing.line(f"  {number}  {answer['text']}")
    numbers = {str(number): answer["key"] for number, answer in enumerate(question["answers"], start=1)}
    while (typed := str(typer.prompt("Which")).strip()) not in numbers:
        showing.line(f"Type a number from 1 to {len(numbers)}.")
    return str(numbers[typed])


def _still_open(questions: list[dict[str, Any]]) -> str:
    named = "; ".join(f"{each['key']} ({', '.join(a['key'] for a in each['answers'])})" for each in questions)
    return f"Answer all of them, or run it on a terminal to be asked. Still open: {named}."


def _show(proposal: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    showing.line(f"Tier {proposal['tier']} is proposed.", style="bold")
    for reason in proposal["reasons"]:
        showing.line(f"  {reason}")
    answers = ", ".join(f"{question}: {answer}" for question, answer in proposal["impact"].items())
    showing.line(f"In a plan, instead of `tier`: impact: {{{answers}}}")
