"""How is a region launch governed on the command line?"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from bootstrap.cli.options import (
    HERE,
    MANAGER,
    OPERATOR,
    Acting,
    AllRegions,
    AsJson,
    Directory,
    Person,
    Product,
    Reason,
    Regions,
    Rehearse,
    chosen,
    one_of,
)

if TYPE_CHECKING:
    from pathlib import Path

ReviewAt = Annotated[
    str | None,
    typer.Option("--review-at", metavar="MOMENT", help="When to look again, with offset: 2027-02-15T09:00Z."),
]


def sign_off(
    product: Product,
    regions: Regions = None,
    *,
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="value-propositions or objection-handling.")],
    function: Annotated[str, typer.Option("--function", metavar="FUNCTION", help="For whom: marketing, sales, …")],
    send_back: Annotated[bool, typer.Option("--send-back", help="Send it back instead; needs --reason.")] = False,
    reason: Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why.")] = None,
    digest: Annotated[
        str | None, typer.Option("--digest", help="Sign only if this is still what there is to sign, as read before.")
    ] = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Show what is to be signed at a STAGE, and sign exactly that revision for a function."""
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from bootstrap.cli.foreseeing import show_rehearsal
    from bootstrap.cli.many import sign_each
    from readiness.commands import ROLE_OF_FUNCTION
    from readiness.policy import SIGNED_STAGES, Function

    signer = Function(one_of(function, Function, hint="--function"))
    named = one_of(stage, SIGNED_STAGES, hint="STAGE")
    if send_back and not reason:
        raise typer.BadParameter("sending back needs a reason", param_hint="--reason")
    where = chosen(regions, everywhere=everywhere)
    if digest is not None and (where is None or len(where) > 1):
        raise typer.BadParameter("a digest is that of one region; name one", param_hint="--digest")
    said = {
        "stage": named,
        "function": signer.value,
        "position": "send_back" if send_back else "approve",
        **({"reason": reason} if reason else {}),
    }
    with opened(directory, person, ROLE_OF_FUNCTION[signer]) as api:
        if where is None or len(where) > 1:
            sign_each(api, product, where, said, as_json=as_json, rehearse=rehearse, show=_show_content)
            return
        base = f"/v1/launches/{product}/regions/{where[0]}"
        content = api.read(f"{base}/content/{named}")
        if not as_json:
            _show_content(content)
        asked = {**said, "digest": digest or content["digest"]}
        answer = api.rehearse(f"{base}/sign-offs", asked) if rehearse else api.ask(f"{base}/sign-offs", asked)
    if as_json:
        showing.as_json(answer)
    elif rehearse:
        show_rehearsal(answer)
    else:
        verb = "Sent back" if send_back else "Signed"
        showing.line(f"✓ {verb} for {signer.value}: {asked['digest']}", style="green")


def decide(
    product: Product,
    regions: Regions = None,
    *,
    verdict: Annotated[str, typer.Argument(metavar="VERDICT", help="go, conditional-go, no-go or hold.")],
    reason: Reason,
    review_at: ReviewAt = None,
    condition: Annotated[
        list[str] | None,
        typer.Option("--condition", metavar="'OWNER MOMENT TEXT'", help="Of a conditional go; may be given again."),
    ] = None,
    accept: Annotated[
        list[str] | None,
        typer.Option("--accept-dissent", metavar="'FUNCTION REASON'", help="A dissent that you accept by name."),
    ] = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Decide, as an executive, on the readiness as it stands now; a no-go needs --review-at."""
    from readiness.commands import Choice, Role

    conditions = [_parted(each, ("owner", "due_at", "text"), hint="--condition") for each in condition or ()]
    dissents = [_parted(each, ("function", "reason"), hint="--accept-dissent") for each in accept or ()]
    body: dict[str, Any] = {
        "verdict": one_of(verdict, Choice, hint="VERDICT"),
        "reason": reason,
        "review_at": review_at,
        "conditions": conditions or None,
        "dissents_accepted": dissents or None,
    }
    act(
        directory,
        person,
        Role.EXECUTIVE.value,
        product,
        chosen(regions, everywhere=everywhere),
        "decisions",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def hold(
    product: Product,
    regions: Regions = None,
    *,
    reason: Reason,
    review_at: ReviewAt = None,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Stop the launch of a region; learning and signing go on."""
    body = {"reason": reason, "review_at": review_at}
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "hold",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def resume(
    product: Product,
    regions: Regions = None,
    *,
    reason: Reason,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """End a hold; the region needs a new decision."""
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "resume",
        {"reason": reason},
        as_json=as_json,
        rehearse=rehearse,
    )


def reschedule(
    product: Product,
    regions: Regions = None,
    *,
    launch_at: Annotated[
        str, typer.Argument(metavar="LAUNCH_AT", help="On the region's own clock: 2027-03-08T09:00.")
    ],
    reason: Reason,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Move a region's launch; a go that stands is kept where it covers the later date, else taken away."""
    body = {"launch_at": launch_at, "reason": reason}
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "reschedule",
        body,
        as_json=as_json,
        rehearse=rehearse,
    )


def cancel(
    product: Product,
    regions: Regions = None,
    *,
    reason: Reason,
    everywhere: AllRegions = False,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """End a region launch for good."""
    act(
        directory,
        person,
        role,
        product,
        chosen(regions, everywhere=everywhere),
        "cancel",
        {"reason": reason},
        as_json=as_json,
        rehearse=rehearse,
    )


def owner(
    product: Product,
    heir: Annotated[str, typer.Argument(metavar="PERSON", help="The id of who is to own the launch.")],
    reason: Reason,
    directory: Directory = HERE,
    person: Person = OPERATOR,
    role: Acting = MANAGER,
    rehearse: Rehearse = False,
    as_json: AsJson = False,
) -> None:
    """Hand a launch over to another person, in every running region or, where one refuses, in none."""
    from bootstrap.cli.door import opened
    from bootstrap.cli.many import show_each
    from readiness.commands import Role

    acting = Role(one_of(role, Role, hint="--role"))
    body = {"owner": heir, "reason": reason}
    path = f"/v1/launches/{product}/owner"
    with opened(directory, person, acting) as api:
        answer = api.rehearse(path, body) if rehearse else api.ask_each(path, body)
    show_each(answer["items"], as_json=as_json, rehearse=rehearse)


def act(
    directory: "Path",
    person: str,
    role: str,
    product: str,
    regions: tuple[str, ...] | None,
    call: str,
    body: dict[str, Any],
    *,
    as_json: bool,
    rehearse: bool = False,
    is_after_launch: bool = False,
) -> None:
    """Read the readiness, act on exactly that version of it, and show what came of it, or what would.

    `regions` None means every running region of the launch; of an act that `is_after_launch`, every launched one.
    """
    from bootstrap.cli import showing
    from bootstrap.cli.door import opened
    from bootstrap.cli.foreseeing import show_rehearsal
    from bootstrap.cli.look import show_region
    from bootstrap.cli.many import act_on_each
    from readiness.commands import Role

    acting = Role(one_of(role, Role, hint="--role"))
    said = {name: value for name, value in body.items() if value is not None}
    with opened(directory, person, acting) as api:
        if regions is None or len(regions) > 1:
            act_on_each(
                api,
                product,
                regions,
                call,
                said,
                as_json=as_json,
                rehearse=rehearse,
                is_after_launch=is_after_launch,
            )
            return
        base = f"/v1/launches/{product}/regions/{regions[0]}"
        before = api.read(f"{base}/readiness")
        asked = {**said, "seen": before["version"]}
        answer = api.rehearse(f"{base}/{call}", asked) if rehearse else api.ask(f"{base}/{call}", asked)
        after = None if as_json or rehearse else api.read(f"{base}/readiness")
    if as_json:
        showing.as_json(answer)
    elif after is None:
        show_rehearsal(answer)
    else:
        showing.line(f"✓ {done(call)}: done.", style="green")
        show_region(after)


def done(call: str) -> str:
    """Return what was done by a call such as `decisions` or `waivers/ID/grant`."""
    return call.rsplit("/", 1)[-1].removesuffix("s").capitalize()


def _parted(text: str, names: tuple[str, ...], *, hint: str) -> dict[str, str]:
    """Return the words of `text` by these names, the last taking all that is left."""
    parts = text.split(None, len(names) - 1)
    if len(parts) < len(names):
        raise typer.BadParameter(f"{text!r} lacks a part: give {' '.join(names).upper()}", param_hint=hint)
    return dict(zip(names, parts, strict=True))


def _show_content(content: dict[str, Any]) -> None:
    from bootstrap.cli import showing

    rows = [
        (each["key"], each["revision"], each["person"], "\n".join(_lines(each["content"])))
        for each in content.get("entries", ())
    ]
    title = f"{content['product']} in {content['region']}: {showing.words(content['stage'])}"
    showing.console().print(showing.table(title, ("key", "revision", "by", "content"), rows))
    if content.get("missing"):
        showing.line(f"Nothing is written yet for: {', '.join(content['missing'])}", style="yellow")
    signed = [f"{each['function']} ({each['person']})" for each in content.get("sign_offs", ())]
    showing.line(f"Signed so far: {', '.join(signed) or 'by nobody'}. Digest: {content['digest']}")


def _lines(content: dict[str, Any]) -> list[str]:
    from bootstrap.cli import showing

    return [
        f"{showing.words(name)}: {showing.plain(value)}" for name, value in content.items() if value not in (None, [])
    ]
