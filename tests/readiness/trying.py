"""Which of the faults that mutmut made does a test notice?"""

# Run by `mutants.py` in the folder that mutmut wrote, where every function of the core holds its faults and picks one
# by name. The tests are collected once; then each fault gets a process forked from there, so that a fault costs what
# the tests need until the first of them fails, and nothing that an earlier fault left behind is seen by a later one.

import ast
import difflib
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

import coverage
import pytest
from _pytest.runner import runtestprotocol
from mutmut.configuration import config
from mutmut.mutation.trampoline import set_mutant_under_test

SIDE_BY_SIDE = 2
SECONDS = float(os.environ.get("MUTANT_SECONDS", "20"))
"""How much processor time the tests of one fault get: what they do not notice by then counts as survived, whatever
other tests would say."""

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
        outcomes = {file: json.loads(file.read_text()) for file in sorted(Path("readiness").glob("*.meta"))}
        faults: dict[Path, Faults] = {}
        running: dict[int, tuple[Path, str]] = {}
        gc.collect()
        gc.freeze()
        for file, mutant in self._untried(outcomes):
            lines = faults.setdefault(file, Faults(file.with_suffix(""))).lines(mutant.split(".", 2)[2])
            chosen = list(_chosen(file.with_suffix("").name, lines, reached))
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


class Faults:
    """The faults of one module, each beside the function that it was made from."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8")
        self._lines = text.splitlines()
        self._functions = {
            node.name: node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
        }

    def lines(self, mutant: str) -> set[int]:
        """Return the lines of the statement that `mutant` changes, as it is without the fault."""
        original = self._functions[f"{mutant.rpartition('__mutmut_')[0]}__mutmut_orig"]
        before, after = self._text(original)[1:], self._text(self._functions[mutant])[1:]
        changes = [
            (start, end)
            for kind, start, end, _, _ in difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
            if kind != "equal"
        ]
        body = range(original.body[0].lineno, (original.end_lineno or 0) + 1)
        if not changes:
            return set(body)
        start, end = changes[-1]
        changed = original.lineno + max(start + 1, end)
        found = [node for node in ast.walk(original) if isinstance(node, ast.stmt) and node is not original]
        around = [node for node in found if node.lineno <= changed <= (node.end_lineno or 0)]
        if not around:
            return set(body)
        innermost = max(around, key=lambda node: node.lineno)
        inner = [node.lineno for node in ast.walk(innermost) if isinstance(node, ast.stmt) and node is not innermost]
        return set(range(innermost.lineno, min([(innermost.end_lineno or 0) + 1, *inner])))

    def _text(self, function: ast.FunctionDef) -> list[str]:
        return self._lines[function.lineno - 1 : function.end_lineno]


def _chosen(
    module: str, lines: set[int], reached: dict[str, tuple[float, dict[str, list[int]]]]
) -> Iterator[tuple[float, str]]:
    """Yield the tests that run one of `lines`: of the module's own file, then of each the quickest, then the next."""
    by_file: dict[str, list[tuple[float, str]]] = {}
    for nodeid, (seconds, ran) in reached.items():
        if not lines.isdisjoint(ran.get(module, ())):
            by_file.setdefault(nodeid.partition("::")[0], []).append((seconds, nodeid))
    own = f"/test_{module}"
    in_turn = sorted(
        (not file.endswith(own), rank, *test)
        for file, tests in by_file.items()
        for rank, test in enumerate(sorted(tests))
    )
    spent = 0.0
    for _, _, seconds, nodeid in in_turn:
        spent += seconds
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


def _reached(items: dict[str, pytest.Item]) -> dict[str, tuple[float, dict[str, list[int]]]]:
    """Return, for every test, how long it takes and which lines it runs; files not edited since are known."""
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
    """Run `items` as they are, in a process of their own, and keep which lines each of them runs."""
    passed = False
    try:
        watching = coverage.Coverage(data_file=None, config_file=False, include=[f"{Path('readiness').resolve()}/*"])
        watching.start()
        for item in items:
            watching.switch_context(item.nodeid)
            began = time.process_time()
            if not _passes(item):
                print(f"{item.nodeid} fails", flush=True)
                return
            known[item.nodeid] = now[item.path], time.process_time() - began, {}
        watching.stop()
        ran = watching.get_data()
        for file in ran.measured_files():
            for line, nodeids in ran.contexts_by_lineno(file).items():
                for nodeid in filter(None, nodeids):
                    known[nodeid][2].setdefault(Path(file).name, []).append(line)
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
