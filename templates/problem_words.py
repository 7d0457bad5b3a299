"""With which sentences does the door turn away what was asked, and what does it advise?"""

DETAILS: tuple[str, ...] = (
    "%(title)s What was asked may or may not have happened: ask again with the same key.",
    "No role of yours allows %(action)s in %(names)s.",
    "No role of yours allows %(action)s there.",
    "No role of yours allows %(action)s.",
    "Only someone with the role %(role_key)s in %(region)s acts for %(functions)s.",
    "Whoever does not agree says why. Give it in `reason`.",
    "%(name)s has launched nowhere, so there is no permit to revoke.",
    "%(name)s in %(region)s has no such waiver in this run.",
    "%(name)s has no launch. Start one with POST /v1/launches.",
    "You used this Idempotency-Key for another request. Take a new one for a new wish.",
    "It changed since you read it; read it again.",
    "There is nothing there to be edited yet.",
    "A page of another site sent this, so nothing was done. Act on our own pages, or with a program.",
    "There is no delivery of that id.",
    "It waits for its first try already; look again in a moment.",
    "Nothing is said under that address; see what is said of the product.",
    "Nothing is said of %(name)s under %(names)s; what is said is listed on its page.",
    "The address holds a character that does not print.",
    "Send the body as it is, without a Content-Encoding.",
    "Send a form, as the page does.",
    "Send the form as the page has it.",
    "Send the form, as the page does.",
    "The request could not be read.",
    "This address knows %(names)s only.",
    "A file may have %(n)s bytes at most. Send it in parts.",
    "The form could not be read. Send one file, as the multipart field `file`.",
    "The file itself is not kept any more. Take away every fault by line instead.",
    "At most %(n)s bytes are taken here.",
    "Nobody said where Temporal shows workflows; set LTL_TEMPORAL_UI to its address.",
    "After a login one goes to a page of this host alone. Begin again at /login.",
    "Nobody logs in here: this installation trusts no OIDC issuer. Send a token.",
    "A launch is handed over by its owner, %(name)s, or by a product manager of all its regions; you do "
    "not manage %(names)s.",
    "Nothing was handed over, because %(names)s would refuse. See what each of them says in `regions`.",
    "There is no such file, or not in this version; reload the page that asked for it.",
    "That is longer than any permit. Paste the permit alone.",
    "This installation signs no permits.",
    "There is no such person to be here. Choose one of those at /personas.",
    "There is nothing like that here any more. Reload the page.",
    "This bears your name, so it needs a login of the last %(n)s minutes. Log in again at "
    "/login?fresh=true, then ask again.",
    "This bears your name, so it needs a login of the last %(n)s minutes. Take a new token, then ask again.",
    "Send a token: Authorization: Bearer …",
    "Send a token: Authorization: Bearer … or log in at /login",
    "You are not logged in any more. Log in at /login.",
    "There is no webhook of that id.",
    "Something went wrong on our side; the request id leads to it in the log.",
    "One part of the request must be mended; see errors.",
    "%(n)s parts of the request must be mended; see errors.",
    "No decision was taken at version %(n)s of %(name)s in %(region)s.",
    "There is no room for the file. Nothing was kept; send it again later.",
    "The file cannot be written at the moment. Nothing was kept; send it again later.",
    "There is no import %(name)s: GET /v1/imports lists them.",
    "There is no import %(name)s: /imports lists them.",
    "%(name)s has no launch in %(region)s. See /v1/launches/%(other)s for its regions.",
    "At most %(n)s requests of this kind (%(action)s) are taken in %(all)s seconds. Nothing of this one "
    "was done; send it again in %(wait)s seconds.",
)
"""What a person in a browser may be told by `api/`, with a place for each value."""

ADVICE: dict[int, tuple[str, ...]] = {
    400: ("Check the address, or begin again at the board.",),
    401: (
        "On the machine that runs Learn Then Launch, open the address that `ltl up` printed.",
        "From elsewhere, send a token with each request; `ltl token --person ID` mints one.",
    ),
    403: (
        "Ask whoever gives out roles for one that covers this region.",
        "The board shows what you may see already; what is due for you yourself stands at /me.",
    ),
    404: ("Look for it on the board, which lists every launch that you may see.",),
    422: ("Mend what is named above, or begin again at the board.",),
    500: ("Try again; if it goes on, give the request below to whoever runs this installation.",),
    503: ("Nothing was changed by asking. Wait a moment; nothing launches on a guess meanwhile.",),
}
"""By status: what to do next."""

OTHERWISE: tuple[str, ...] = ("Go back to the board and try again from there.",)
