"""Which webhooks are there, what do they want to hear, and with which secrets are they signed?"""

import secrets
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from readiness.telling import PublicEvent
from readiness.values import Frozen, Moment
from store.deliver_schema import webhook_secrets, webhooks
from store.once import insert_once
from store.sealing import Box

ACTIVE_SECRETS = 2
"""Secrets that sign at once: a receiver changes to the new one while the old one still holds."""

_SECRET_BYTES = 32
_PREFIX = "whsec_"


class Webhook(Frozen):
    """One subscription, without its secrets; an empty list means all."""

    id: str
    url: str
    types: tuple[str, ...]
    regions: tuple[str, ...]
    products: tuple[str, ...]
    enabled: bool
    disabled_because: str | None
    version: int
    made_by: str
    made_at: Moment

    def wants(self, event: PublicEvent) -> bool:
        """Say whether it is to be told of `event`: never of what happened before it was there."""
        return (
            self.enabled
            and self.made_at <= event.at
            and (not self.types or event.type in self.types)
            and (not self.products or event.product in self.products)
            and (not self.regions or event.region in self.regions)
        )


class KeyReused(Exception):  # noqa: N818 - named by its reason, as refusals are.
    """The key was used for another webhook."""


def new_secret() -> str:
    """Return a new secret as Standard Webhooks writes one: `whsec_` and base64."""
    return _PREFIX + b64encode(secrets.token_bytes(_SECRET_BYTES)).decode("ascii")


def make_webhook(
    tx: Connection, wanted: Mapping[str, Any], *, by: str, key: str, body_digest: str, box: Box, now: datetime
) -> tuple[Webhook, str | None]:
    """Return a new webhook with its secret, or the one that was made under this key before, with None.

    Raises KeyReused where that one was another.
    """
    row = {
        **wanted,
        "id": f"whk-{secrets.token_hex(8)}",
        "enabled": True,
        "version": 1,
        "made_by": by,
        "made_at": now,
        "idempotency_key": key,
        "body_digest": body_digest,
    }
    if not insert_once(tx, webhooks, row):
        made = tx.execute(select(webhooks).filter_by(made_by=by, idempotency_key=key)).one()
        if made.body_digest != body_digest:
            raise KeyReused
        return _webhook(made), None
    return _webhook(tx.execute(select(webhooks).filter_by(id=row["id"])).one()), add_secret(
        tx, row["id"], box=box, now=now
    )


def add_secret(tx: Connection, webhook: str, *, box: Box, now: datetime) -> str:
    """Give a webhook one more secret and return it; the oldest beyond `ACTIVE_SECRETS` is forgotten for good."""
    secret = new_secret()
    numbers = tx.execute(
        select(webhook_secrets.c.number).filter_by(webhook=webhook).order_by(webhook_secrets.c.number.desc())
    ).scalars()
    known = list(numbers)
    newest = known[0] if known else 0
    tx.execute(
        insert(webhook_secrets).values(webhook=webhook, number=newest + 1, sealed=box.seal(secret), made_at=now)
    )
    for number in known[ACTIVE_SECRETS - 1 :]:
        tx.execute(delete(webhook_secrets).filter_by(webhook=webhook, number=number))
    return secret


def sealed_secrets(tx: Connection, webhook: str) -> tuple[str, ...]:
    """Return the sealed secrets of a webhook that sign, the newest first."""
    chosen = select(webhook_secrets.c.sealed).filter_by(webhook=webhook).order_by(webhook_secrets.c.number.desc())
    return tuple(tx.execute(chosen).scalars())


def find_webhook(tx: Connection, webhook: str, *, for_update: bool = False) -> Webhook | None:
    """Return a webhook that was not removed."""
    chosen = select(webhooks).filter_by(id=webhook, removed_at=None)
    row = tx.execute(chosen.with_for_update() if for_update else chosen).first()
    return _webhook(row) if row is not None else None


def every_webhook(tx: Connection) -> tuple[Webhook, ...]:
    """Return every webhook that was not removed, the oldest first."""
    chosen = select(webhooks).where(webhooks.c.removed_at.is_(None)).order_by(webhooks.c.made_at, webhooks.c.id)
    return tuple(map(_webhook, tx.execute(chosen)))


def enabled_webhooks(tx: Connection) -> tuple[Webhook, ...]:
    """Return the webhooks that are sent to."""
    return tuple(each for each in every_webhook(tx) if each.enabled)


def change_webhook(tx: Connection, webhook: Webhook, changes: Mapping[str, Any]) -> Webhook:
    """Return the webhook with `changes`, one version on."""
    values = {**changes, "version": webhook.version + 1}
    tx.execute(update(webhooks).filter_by(id=webhook.id).values(**values))
    return Webhook.model_validate({**webhook.model_dump(), **values})


def disable_webhook(tx: Connection, webhook: str, *, because: str) -> None:
    """Send nothing more to a webhook; it says why, until somebody enables it again."""
    found = find_webhook(tx, webhook, for_update=True)
    if found is not None and found.enabled:
        change_webhook(tx, found, {"enabled": False, "disabled_because": because})


def remove_webhook(tx: Connection, webhook: str, *, now: datetime) -> None:
    """Forget a webhook and its secrets; what was sent to it stays listed."""
    tx.execute(update(webhooks).filter_by(id=webhook).values(removed_at=now, enabled=False))
    tx.execute(delete(webhook_secrets).filter_by(webhook=webhook))


def _webhook(row: Row[Any]) -> Webhook:
    return Webhook.model_validate(row._mapping)
