"""Does a client that a program made from the description alone get through the tour of the README?"""

# Run by the Python that has what the generated client needs: `python tour.py FOLDER URL DIRECTOR ENABLER
# AUDITOR MANAGER MARKETER SELLER`, each but the first two a token. It prints what it saw, as JSON.

import importlib
import io
import json
import sys
import threading
from datetime import UTC, datetime
from typing import Any

ATTEMPTS = 600
PAUSE_SECONDS = 0.2
PAUSE = threading.Event()


class Tour:
    """Calls operations of the generated client by their ids, as somebody with one token."""

    def __init__(self, url: str, token: str) -> None:
        client = importlib.import_module("ltl_client.client")
        self.client = client.AuthenticatedClient(base_url=url, token=token, raise_on_unexpected_status=True)

    def call(self, group: str, operation: str, *path: str, **named: Any) -> Any:
        """Return what the operation answers, as the client reads it."""
        module = importlib.import_module(f"ltl_client.api.{group}.{operation}")
        return module.sync_detailed(*path, client=self.client, **named)


def model(name: str, **fields: Any) -> Any:
    """Return a body of the generated client."""
    models = importlib.import_module("ltl_client.models")
    return getattr(models, name).from_dict(fields)


def renewed() -> Any:
    """Return the file of the tour: three attempts of today and a slip of the pen."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    people = {"ap-01": (now, 86), "ap-02": (now, 91), "ap-03": ("yesterday", 79), "ap-04": (now, 88)}
    lines = [f"{person},atlas-2-cert,{at},{score}" for person, (at, score) in people.items()]
    file = importlib.import_module("ltl_client.types").File
    content = "\n".join(["person_id,assessment_id,attempted_at,score", *lines, ""]).encode()
    return file(payload=io.BytesIO(content), file_name="renewed.csv", mime_type="text/csv")


def main() -> None:
    """Take the tour."""
    folder, url, *tokens = sys.argv[1:]
    sys.path.insert(0, folder)
    director, enabler, auditor, manager, marketer, sales_lead = (Tour(url, token) for token in tokens)
    here = ("atlas-2", "apac")
    seen: dict[str, Any] = {}
    seen["before"] = auditor.call("readiness", "readiness", *here).parsed.to_dict()["verdict"]
    lapsing = auditor.call("readiness", "people", *here, status=[_status("lapses")]).parsed.to_dict()
    seen["lapsing"] = sorted(person["person_id"] for person in lapsing["items"])
    go = model("DecisionBody", verdict="go", reason="The date is promised.")
    refused = director.call("governing", "decide", *here, body=go, idempotency_key="tour-1")
    seen["refused"] = [refused.status_code, refused.parsed.to_dict()["type"]]
    body = importlib.import_module("ltl_client.models").ImportFileFilesBody(file=renewed())
    started = enabler.call("imports", "import_file", _kind("attempts"), body=body).parsed.to_dict()
    for _ in range(ATTEMPTS):
        found = enabler.call("imports", "import_state", started["id"]).parsed.to_dict()
        if found["state"] not in {"queued", "running"}:
            break
        PAUSE.wait(PAUSE_SECONDS)
    seen["imported"] = [found["rows_read"], found["accepted"], found["rejected"], found["errors"][0]["code"]]
    for _ in range(ATTEMPTS):
        after = auditor.call("readiness", "readiness", *here).parsed.to_dict()
        if after["verdict"] == "ready":
            break
        PAUSE.wait(PAUSE_SECONDS)
    manager.call("governing", "open_poll", *here, body=model("PollBody"), idempotency_key="tour-poll")
    for function, voter in {"marketing": marketer, "sales": sales_lead, "enablement": enabler}.items():
        ballot = model("BallotBody", function=function, position="agree")
        voter.call("governing", "cast_ballot", *here, body=ballot, idempotency_key=f"tour-{function}")
    for _ in range(ATTEMPTS):
        poll = auditor.call("readiness", "readiness", *here).parsed.to_dict()["poll"]
        if poll["closed_at"] is not None:
            break
        PAUSE.wait(PAUSE_SECONDS)
    seen["voted"] = {seat["function"]: seat["position"] for seat in poll["seats"]}
    why = model("DecisionBody", verdict="go", reason="Seven of ten hold a certificate on the day.")
    decided = [director.call("governing", "decide", *here, body=why, idempotency_key="tour-2") for _ in range(2)]
    answers = [(each.status_code, each.parsed.to_dict()) for each in decided]
    seen["decided"] = [[status, said.get("verdict", said)] for status, said in answers]
    elsewhere = director.call("governing", "decide", "atlas-2", "amer", body=why, idempotency_key="tour-3")
    seen["elsewhere"] = [elsewhere.status_code, elsewhere.parsed.to_dict()["type"]]
    happened = auditor.call("readiness", "events", *here).parsed.to_dict()["items"]
    seen["happened"] = [entry["type"] for entry in happened if entry["type"] == "decision_taken"]
    sys.stdout.write(json.dumps(seen))


def _status(name: str) -> Any:
    return importlib.import_module("ltl_client.models").PersonStatus(name)


def _kind(name: str) -> Any:
    return importlib.import_module("ltl_client.models").ImportKind(name)


if __name__ == "__main__":
    main()
