"""What is asked of whoever is waited for, in words?"""

from readiness.asks import Ask
from readiness.policy import Stage
from templates.language import gettext

ASKS: dict[Ask, str] = {
    Ask.WRITE: "Write the value propositions",
    Ask.WRITE_ANEW: "Rewrite the value propositions",
    Ask.SIGN: "Read the value propositions, then sign them or send them back",
    Ask.AWAIT_WRITING: "Nothing until it is rewritten",
    Ask.ANSWER: "Answer the objections that are heard most",
    Ask.ADDRESS_LESSONS: "Say what is done about what earlier waves learned",
    Ask.LEARN: "Have people complete the courses",
    Ask.CERTIFY: "Have people pass the assessment",
    Ask.OPEN_POLL: "Open the poll",
    Ask.VOTE: "Vote in the poll",
    Ask.DECIDE: "Decide: go or no-go",
    Ask.ANSWER_WAIVER: "Grant or deny the waiver",
    Ask.RESUME: "Resume it, or leave it held",
    Ask.RESCHEDULE: "Set another launch date",
    Ask.NAME_SEAT: "Name another person for the seat",
    Ask.AWAIT_WAVE: "Nothing: the other regions of the wave are waited for",
}
"""What is asked, as a sentence that begins a line; of texts, for the value propositions."""

ASKS_OF_ANSWERS: dict[Ask, str] = {
    Ask.WRITE: "Write down and rank the objections",
    Ask.WRITE_ANEW: "Rewrite the answers to objections",
    Ask.SIGN: "Read the answers to objections, then sign them or send them back",
}
"""The same where it is about the answers to objections."""


DOINGS: dict[Ask, str] = {
    Ask.WRITE: "Write them",
    Ask.WRITE_ANEW: "Read and rewrite",
    Ask.SIGN: "Read and sign",
    Ask.AWAIT_WRITING: "Open the region",
    Ask.ANSWER: "Answer them",
    Ask.ADDRESS_LESSONS: "Say what is done",
    Ask.LEARN: "See who is missing",
    Ask.CERTIFY: "See who is missing",
    Ask.OPEN_POLL: "Open the poll",
    Ask.VOTE: "Vote",
    Ask.DECIDE: "Decide",
    Ask.ANSWER_WAIVER: "Answer it",
    Ask.RESUME: "Resume it",
    Ask.RESCHEDULE: "Move the launch",
    Ask.NAME_SEAT: "Name somebody",
    Ask.AWAIT_WAVE: "Open the region",
}
"""What the way to it is called."""


def doing(ask: Ask | None) -> str:
    """Return what the way to what is asked is called."""
    return gettext(DOINGS[ask]) if ask is not None else gettext("Open the region")


def asked(ask: Ask, stage: Stage) -> str:
    """Return what is asked at a stage, as a sentence."""
    of_stage = ASKS_OF_ANSWERS if stage is Stage.OBJECTION_HANDLING else {}
    return gettext(of_stage.get(ask, ASKS[ask]))
