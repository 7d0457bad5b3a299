"""Which of the faults that mutmut made does a test notice?"""

# Run by `mutants.py` in the folder that mutmut wrote, where every function of the core holds its faults and picks one
# by name. The tests are collected once; then each fault gets a process forked from there, so that a fault costs what
# the tests need until the first of them fails, and nothing that an earlier fault left behind is seen by a later one.

import fnmatch
import gc
import hashlib
import json
import os
import resource
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from mutmut.configuration import config
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.state import state

SIDE_BY_SIDE = 2
SECONDS = float(os.environ.get("MUTANT_SECONDS", "3"))
"""How much processor time one fault gets from tests that were not written for its module, or take more than `QUICK`,
the quickest first: what they do not notice counts as survived, whatever slower tests would say."""

QUICK = 0.25

WRITTEN_FOR = {
    "decide": ("test_rules", "test_refusals", "test_told"),
    "decisions": ("test_conditions", "test_told", "test_refusals", "test_rules"),
    "poll": ("test_poll", "test_told", "test_roles", "test_slips", "test_short_path"),
    "policy": ("test_tiers",),
    "readiness": ("test_evaluate",),
    "region": ("test_revival", "test_slips", "test_evolve"),
    "rules": ("test_rules", "test_launch_predicate"),
    "tick": ("test_rules", "test_must_look", "test_waivers", "test_conditions", "test_revival"),
    "waivers": ("test_waivers", "test_told"),
}
"""The files of tests that a module's faults meet first, where it is not `test_<module>`."""

NOTICED, SURVIVED, UNREACHED, BROKEN = 1, 0, 33, 4
"""How a trial ends, in mutmut's own numbers."""

LONGEST = 10
"""After how many times the expected processor time, and this many seconds, a trial has noticed an endless loop."""

COVERAGE = Path("coverage.json")


class Trials:
    """Collects the tests, sees what each of them reaches, and tries every fault against those that reach it."""

    def __init__(self, wanted: list[str]) -> None:
        self.wanted = wanted

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try every wanted fault in place of running the tests."""
        items = {item.nodeid: item for item in session.items}
        reached = _reached(items)
        tests: dict[str, list[tuple[float, str]]] = {}
        for nodeid, (seconds, functions) in reached.items():
            for function in functions:
                tests.setdefault(function, []).append((seconds, nodeid))
        outcomes = {file: json.loads(file.read_text()) for file in sorted(Path("readiness").glob("*.meta"))}
        running: dict[int, tuple[Path, str]] = {}
        gc.collect()
        gc.freeze()
        for file, mutant in self._untried(outcomes):
            chosen = list(_chosen(mutant.split(".")[1], tests.get(mutant.rpartition("__mutmut_")[0], [])))
            if not chosen:
                _keep(file, outcomes, mutant, UNREACHED)
                continue
            if len(running) >= SIDE_BY_SIDE:
                _await_one(running, outcomes)
            running[_tried(mutant, [items[nodeid] for _, nodeid in chosen], sum(s for s, _ in chosen))] = file, mutant
        while running:
            _await_one(running, outcomes)
        return True

    def _untried(self, outcomes: dict[Path, dict[str, Any]]) -> Iterator[tuple[Path, str]]:
        """Yield what was not noticed yet, in the order of the patterns."""
        seen = set()
        for pattern in self.wanted or ["*"]:
            for file, kept in outcomes.items():
                for mutant, code in list(kept["exit_code_by_key"].items()):
                    is_due = code in {None, SURVIVED, UNREACHED, BROKEN} and mutant not in seen
                    if is_due and fnmatch.fnmatch(mutant, pattern):
                        seen.add(mutant)
                        yield file, mutant


def _chosen(module: str, tests: list[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    written = {f"tests/readiness/{name}.py" for name in WRITTEN_FOR.get(module, (f"test_{module}",))}
    spent = 0.0
    for is_other, seconds, nodeid in sorted(
        (nodeid.partition("::")[0] not in written or seconds > QUICK, seconds, nodeid) for seconds, nodeid in tests
    ):
        spent += seconds if is_other else 0
        if spent > max(SECONDS, seconds):
            return
        yield seconds, nodeid


def _tried(mutant: str, items: list[pytest.Item], seconds: float) -> int:
    """Return the process in which `items` are run against `mutant` until the first that fails."""
    process = os.fork()
    if process:
        return process
    code = BROKEN
    try:
        at_most = int(LONGEST * (seconds + 1))
        resource.setrlimit(resource.RLIMIT_CPU, (at_most, at_most + 1))
        gc.disable()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)
        set_mutant_under_test(mutant)
        code = SURVIVED if all(_passes(item) for item in items) else NOTICED
    finally:
        os._exit(code)


def _passes(item: pytest.Item) -> bool:
    return not any(report.failed for report in runtestprotocol(item, log=False, nextitem=None))


def _await_one(running: dict[int, tuple[Path, str]], outcomes: dict[Path, dict[str, Any]]) -> None:
    process, status = os.wait()
    file, mutant = running.pop(process)
    _keep(file, outcomes, mutant, os.waitstatus_to_exitcode(status))


def _keep(file: Path, outcomes: dict[Path, dict[str, Any]], mutant: str, code: int) -> None:
    outcomes[file]["exit_code_by_key"][mutant] = code
    file.write_text(json.dumps(outcomes[file], indent=4))
    if code != NOTICED:
        print(mutant, code, flush=True)


def _reached(items: dict[str, pytest.Item]) -> dict[str, tuple[float, list[str]]]:
    """Return, for every test, how long it takes and which functions it reaches; files not edited since are known."""
    known = json.loads(COVERAGE.read_text()) if COVERAGE.exists() else {}
    core = _digest(sorted(Path("readiness").glob("*.py")))
    now = {file: core + _digest([file]) for file in {item.path for item in items.values()}}
    stale = [item for item in items.values() if known.get(item.nodeid, [""])[0] != now[item.path]]
    if stale:
        print(f"{len(stale):,} tests are watched first.", flush=True)
        process = os.fork()
        if not process:
            _watch(stale, known, now)
        if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) != 0:
            raise pytest.UsageError("A test fails without any fault. Mend it first.")
        known = json.loads(COVERAGE.read_text())
    return {nodeid: (known[nodeid][1], known[nodeid][2]) for nodeid in items}


def _watch(items: list[pytest.Item], known: dict[str, Any], now: dict[Path, str]) -> None:
    """Run `items` as they are, in a process of their own, and keep what each of them reached."""
    passed = False
    try:
        set_mutant_under_test("stats")
        for item in items:
            state()._stats.clear()
            began = time.process_time()
            if not _passes(item):
                print(f"{item.nodeid} fails", flush=True)
                return
            known[item.nodeid] = now[item.path], time.process_time() - began, sorted(state()._stats)
        COVERAGE.write_text(json.dumps(known))
        passed = True
    finally:
        os._exit(0 if passed else 1)


def _digest(files: list[Path]) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


if __name__ == "__main__":
    settings = config()
    # Nobody reads why a test fails, so nothing is worked out for that.
    words = [
        "--rootdir=.",
        "-s",
        "--tb=native",
        "--assert=plain",
        *settings.pytest_add_cli_args,
        *settings.pytest_add_cli_args_test_selection,
    ]
    sys.exit(pytest.main(words, plugins=[Trials(sys.argv[1:])]))
