"""Which words does the `ltl` command understand?"""

# Nothing heavy is imported here or by the modules below at their top: `ltl --help` is as fast as its library allows.

import sys
from typing import NoReturn

import typer

from bootstrap.cli import (
    access,
    ball,
    consent,
    deliver,
    govern,
    ledger,
    look,
    offline,
    operate,
    permits,
    policies,
    supply,
    tier,
)

app = typer.Typer(
    name="ltl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Learn Then Launch: no product launches in a region before its people have learned it.",
    epilog="On one machine you act as the person that --person names (LTL_PERSON, or else 'operator') with the role "
    "that the command needs: whoever can read the data directory may sign tokens. Elsewhere set LTL_SERVER and "
    "LTL_TOKEN. Exit status: 0 done, 1 refused or not possible, 2 misuse.",
)

for panel, commands in {
    "This machine": (
        operate.up,
        operate.doctor,
        offline.token,
        offline.rebuild,
        offline.migrate,
        offline.payload_key,
        permits.permit_keys,
    ),
    "Plan and supply": (tier.tier, supply.start, supply.import_),
    "See": (look.status, look.people, ball.ball, policies.policy, permits.permit),
    "Govern": (
        govern.sign_off,
        govern.decide,
        govern.hold,
        govern.resume,
        govern.reschedule,
        govern.cancel,
        permits.revoke_permit,
        govern.owner,
        policies.change_policy,
        policies.answer_policy,
    ),
    "Agree and except": (
        consent.waive,
        consent.answer_waiver,
        consent.poll,
        consent.vote,
        consent.name_seat,
        consent.meet,
        consent.address,
    ),
    "Tell others": (
        deliver.webhooks,
        deliver.add_webhook,
        deliver.change_webhook,
        deliver.deliveries,
        deliver.replay,
        deliver.nudge,
    ),
    "Who may what": (access.grant, access.withdraw, access.roles, access.key),
}.items():
    for command in commands:
        name = command.__name__.strip("_").replace("_", "-")
        app.command(name, rich_help_panel=panel)(command)

app.add_typer(ledger.app, name="ledger", rich_help_panel="See")


def run(words: list[str]) -> int:
    """Carry out the command that `words` say and return its exit status; never raises for what a person can mend."""
    try:
        app(words, prog_name="ltl")
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except Exception as error:
        # Which errors have a sentence for people is known to heavy modules, so it is looked up only now.
        from bootstrap.cli.failing import told

        status = told(error, as_json="--json" in words)
        if status is None:
            raise
        return status
    return 0


def main() -> NoReturn:
    """Carry out the command line and end the process."""
    status = run(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if "temporalio" in sys.modules:
        # The Temporal client's own threads abort the interpreter now and then while it is taken down.
        import os

        os._exit(status)
    sys.exit(status)
