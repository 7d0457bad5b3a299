"""What does a page say instead where the core or the door tells a program what to send?"""

# A program is told a field, a header or an address of the API; a person, what to do and where a page leads. The words
# of the ledger and of the API stay as they are.

INSTEAD: dict[str, str] = {
    # Of the door: templates/problem_words.py.
    "The edit would end the go of %(names)s. Name these regions in `holds` if you mean it.": (
        "It would end the go of %(names)s. Tick below that you mean it, or give one region words of its own."
    ),
    "Whoever does not agree says why. Give it in `reason`.": "Whoever does not agree says why.",
    "%(name)s has no launch. Start one with POST /v1/launches.": (
        "%(name)s has no launch. A product manager starts one at /start."
    ),
    "You used this Idempotency-Key for another request. Take a new one for a new wish.": (
        "This form was sent already, for something else. Load the page anew and send it from there."
    ),
    "Send the body as it is, without a Content-Encoding.": "What was sent was packed. Send it as it is.",
    "The form could not be read. Send one file, as the multipart field `file`.": (
        "The form could not be read. Choose one file and send it again."
    ),
    "Nobody logs in here: this installation trusts no OIDC issuer. Send a token.": (
        "Nobody logs in here: this installation trusts no OIDC issuer."
    ),
    "Nothing was handed over, because %(names)s would refuse. See what each of them says in `regions`.": (
        "Nothing was handed over, because %(names)s would refuse."
    ),
    "Send a token: Authorization: Bearer …": "Nothing says who you are.",
    "Send a token: Authorization: Bearer … or log in at /login": "Nothing says who you are. Log in at /login.",
    "This bears your name, so it needs a login of the last %(n)s minutes. Take a new token, then ask again.": (
        "This bears your name, so it needs a login of the last %(n)s minutes. Sign in again, then ask again."
    ),
    "One part of the request must be mended; see errors.": "One part of it must be mended; it is named below.",
    "%(n)s parts of the request must be mended; see errors.": (
        "%(n)s parts of it must be mended; they are named below."
    ),
    "There is no import %(name)s: GET /v1/imports lists them.": "There is no import %(name)s: /imports lists them.",
    "%(name)s has no launch in %(region)s. See /v1/launches/%(other)s for its regions.": (
        "%(name)s has no launch in %(region)s. See /launches/%(other)s for its regions."
    ),
    # Of the core: templates/refusal_words.py.
    "%(act)s needs a reason. Say why in `reason`.": "%(act)s needs a reason. Say why.",
    "A condition is met with a proof. Give it in `proof`.": "A condition is met with a proof. Say what proves it.",
    "A no-go names the date to look again. Give it in `review_at`.": (
        "A no-go names the date to look again. Choose one."
    ),
    "The dissent of %(functions)s stands. Accept it by name with a reason in `dissents_accepted`, or decide no_go.": (
        "The dissent of %(functions)s stands. Accept it by name with a reason, or decide no-go."
    ),
    "A go needs the votes of %(n)s seats, and %(all)s have voted. Poll again, or decide no_go.": (
        "A go needs the votes of %(n)s seats, and %(all)s have voted. Poll again, or decide no-go."
    ),
    "A waiver says what is done instead. Say it in `compensating_control`.": (
        "A waiver says what is done instead. Say that too."
    ),
    "Say in `how` what is done about it here.": "Say what is done about it here.",
    "This was addressed here already. Look at `must_address` in the readiness for how.": (
        "This was addressed here already. The region's page says how."
    ),
    "No earlier wave left this region such a lesson. See `must_address` in its readiness for those it did.": (
        "No earlier wave left this region such a lesson. Its page shows those that one did."
    ),
    "A change for all stages names its moment in `from_at`; one from the next gate has none.": (
        "A change for all stages names its moment; one from the next gate has none."
    ),
}
"""By the sentence as `problem_words` and `refusal_words` have it, with some of its places at most."""

TITLES: dict[str, str] = {
    "The body could not be read.": "What was sent could not be read.",
    "The body is not JSON, or not JSON that can be trusted.": "What was sent could not be read.",
    "The cursor does not belong to this list.": "The address does not belong to this list.",
    "A request that creates or decides needs an Idempotency-Key.": "The form does not say which one it is.",
    "The Idempotency-Key is not 1 to 255 visible ASCII characters.": "The form does not say which one it is.",
    "If-Match or If-None-Match does not hold entity tags.": "What was sent could not be read.",
    "The request needs a bearer token.": "You are not signed in.",
    "The bearer token proves nothing here.": "What you are signed in with proves nothing here.",
    "The bearer token has expired.": "You are not signed in any more.",
    "The body is larger than is taken here.": "What was sent is larger than is taken here.",
    "The body is of a kind that is not taken here.": "What was sent is of a kind that is not taken here.",
    "Parts of the request are not what they must be.": "Parts of what was asked are not what they must be.",
    "The Idempotency-Key was used with another body.": "This form was sent already.",
    "An edit needs If-Match with the tag of what you read.": "An edit says which text it was made on.",
}
"""What a page is headed by instead of the title of the problem that a program is told."""
