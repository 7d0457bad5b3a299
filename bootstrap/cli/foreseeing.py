"""How is a rehearsal shown to people?"""

from typing import Any


def show_rehearsal(told: dict[str, Any]) -> None:
    """Print whether an act would be carried out, what would follow, and how its regions would stand."""
    from bootstrap.cli import showing

    refusal = told.get("refusal")
    if refusal is None:
        showing.line("It would be done. Nothing was changed.", style="bold")
    else:
        showing.line(f"✗ It would be refused: {refusal.get('detail') or refusal.get('title')}", style="bold red")
    out = showing.console()
    for name, columns in _LISTED.items():
        listed = told["would"].get(name)
        if listed:
            rows = [[showing.words(each.get(column)) for column in columns] for each in listed]
            out.print(showing.table(f"Would be {name}", columns, rows))
    after = {each["region"]: each for each in told["readiness_after"]}
    rows = [
        [each["region"], *(_change(each, after[each["region"]], name) for name in ("verdict", "stage", "rag"))]
        for each in told["readiness_before"]
    ]
    if rows:
        out.print(showing.table("The regions then", ("region", "verdict", "stage", "colour"), rows))


def show_rehearsed_start(told: dict[str, Any]) -> None:
    """Print what a start would come to: when everything is due, and what is marked."""
    from bootstrap.cli import showing

    showing.line("The plan can be started. Nothing was changed.", style="bold")
    rows = [
        (
            each["region"],
            showing.moment(each["launch_at"]),
            showing.words(due["stage"]),
            showing.moment(due["due_at"]),
            "past" if due["past"] else "",
        )
        for each in told["regions"]
        for due in each["due"]
    ]
    table = showing.table("Due dates", ("region", "launches at", "stage", "due", ""), rows)
    showing.console().print(table)
    for each in told["regions"]:
        if each["short_lead"]:
            showing.line(f"{each['region']} launches sooner than its tier's lead time.", style="yellow")
    for mark in told["below_tier"]:
        showing.line(f"Asks less than its tier does: {mark}", style="yellow")


_LISTED = {
    "voided": ("region", "stage", "function", "person"),
    "reopened": ("region", "stage"),
    "held": ("region", "cause", "verdict"),
    "red": ("region", "stage", "criterion", "reason"),
}


def _change(before: dict[str, Any], after: dict[str, Any], name: str) -> str:
    from bootstrap.cli import showing

    was, becomes = showing.words(before[name]), showing.words(after[name])
    return was if was == becomes else f"{was} → {becomes}"
