"""What is a kind of entry of the audit record called?"""

from templates.language import gettext
from templates.words import CHOICES

KINDS: dict[str, str] = {
    # What is asked.
    "start_launch": "start a launch",
    "add_region": "add a region",
    "hand_over": "hand the launch over",
    "sign_off": "sign a text or send it back",
    "decide": "decide",
    "open_poll": "open the poll",
    "cast_ballot": "vote",
    "name_seat": "name somebody for a seat",
    "meet_condition": "say that a condition is met",
    "address_lesson": "say how a lesson is addressed",
    "request_waiver": "ask for a waiver",
    "grant_waiver": "grant a waiver",
    "deny_waiver": "deny a waiver",
    "revoke_waiver": "take a waiver back",
    "hold": "hold the launch",
    "resume": "end the hold",
    "cancel": "cancel the launch",
    "reschedule": "move the date",
    "change_owner": "change the owner",
    "ask_policy_change": "ask for other rules",
    "confirm_policy_change": "confirm other rules",
    "decline_policy_change": "decline other rules",
    "revoke_permit": "take the permit away",
    # What happened.
    "ballot_cast": "vote cast, sealed",
    "condition_met": "condition met",
    "condition_missed": "condition missed",
    "criteria_judged": "criteria judged",
    "decision_taken": "decision taken",
    "go_revived": "go stands again",
    "launch_ended": "launch ended",
    "launch_owner_changed": "owner of the launch changed",
    "launch_started": "launch started",
    "lesson_addressed": "lesson addressed",
    "owner_changed": "owner changed",
    "permit_restored": "permit restored",
    "permit_revoked": "permit taken away",
    "permit_suspended": "permit suspended",
    "policy_change_asked": "other rules asked for",
    "policy_change_confirmed": "other rules confirmed",
    "policy_change_declined": "other rules declined",
    "policy_changed": "rules changed",
    "poll_closed": "poll closed",
    "poll_opened": "poll opened",
    "region_added": "region added",
    "region_cancelled": "region cancelled",
    "region_held": "region held",
    "region_launch_started": "launch started in the region",
    "region_launched": "region launched",
    "region_rescheduled": "date moved",
    "region_resumed": "hold ended",
    "region_slipped": "date slipped",
    "review_came": "review came",
    "seat_idled": "seat idle",
    "seat_named": "somebody named for a seat",
    "sent_back": "text sent back",
    "sign_off_voided": "signature lost",
    "signed_off": "text signed",
    "stage_opened": "stage opened",
    "stage_passed": "stage passed",
    "stage_reopened": "stage reopened",
    "stage_waived": "stage waived",
    "waiver_denied": "waiver denied",
    "waiver_granted": "waiver granted",
    "waiver_lapse_nears": "waiver lapses soon",
    "waiver_lapsed": "waiver lapsed",
    "waiver_requested": "waiver asked for",
    "waiver_revoked": "waiver taken back",
}
"""The kinds of commands and of events, in words that stand behind the source of an entry."""


def kind_meant(written: str) -> str:
    """Return the kind, or what was decided, that the reader's language calls so; what was written for all else."""
    same = " ".join(written.casefold().split())
    called = {gettext(words).casefold(): kind for kind, words in (*KINDS.items(), *CHOICES.items())}
    return called.get(same, written)


def kind_said(kind: str) -> str:
    """Return a kind in words; as it was written down where it is of something else."""
    return gettext(KINDS[kind]) if kind in KINDS else kind.replace("_", " ")
