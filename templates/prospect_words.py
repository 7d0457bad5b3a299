"""How is said what is still to come, and what makes a region red?"""

from readiness.prospect import Ahead, RedFor

AHEAD: dict[Ahead, str] = {
    Ahead.POLL: "Then product management opens the poll.",
    Ahead.VOTES: "Then the last seats vote.",
    Ahead.DECISION: "Then an executive decides.",
}

RED_FOR: dict[RedFor, str] = {
    RedFor.OVERDUE: "something is overdue",
    RedFor.LAPSES: "what counts today lapses before the launch",
    RedFor.SLOW: "at this pace something misses the day on which it is due",
    RedFor.CONDITION: "a condition was missed",
}
