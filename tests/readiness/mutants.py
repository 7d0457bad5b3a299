"""Which small faults in the gates and duties would no test notice, and is it explained why each of them may stay?"""

# `mutmut` brings one fault after the other into the core and runs the tests of this folder against each. What
# survives is compared with `mutants.toml`: a survivor that is not explained there fails the run, and so does an
# explanation of a fault that is noticed by now. Faults are told apart by what they change, not by number, so that an
# explanation lasts until its line is edited.

import ast
import difflib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
MUTATED = ROOT / "mutants" / "readiness"
EXPLAINED = Path(__file__).with_name("mutants.toml")
ANYTHING = "anything"
"""Said of a function in which nothing can be noticed, instead of each change."""

_RESULT = re.compile(r"^\s*readiness\.(?P<module>\w+)\.(?P<mutant>\S+): (?P<status>.+)$", re.MULTILINE)
_NAMED = re.compile(r"^x[_ǁ](?P<function>.+)__mutmut_(?:\d+|orig)$")


class Mutant(NamedTuple):
    """One fault: in which function, the line as it is, and the line as it would be."""

    where: str
    was: str
    now: str

    def __str__(self) -> str:
        return f'[[explained]]\nwhere = "{self.where}"\nwas = """{self.was}"""\nnow = """{self.now}"""\nwhy = ""\n'


def main(wanted: list[str]) -> int:
    """Run mutmut over `wanted`, or everything, and return 1 where an unexplained mutant survives."""
    run = subprocess.run([_tool("mutmut"), "run", *wanted], cwd=ROOT, check=False)
    if run.returncode != 0:
        return run.returncode
    told = subprocess.run(
        [_tool("mutmut"), "results", "--all", "true"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    statuses = [(found["module"], found["mutant"], found["status"].strip()) for found in _RESULT.finditer(told)]
    noticed = [each for each in statuses if each[2] in {"killed", "timeout", "caught by type check"}]
    survivors = list(_survivors(statuses))
    explained = _explained()
    news = sorted({each for each in survivors if not _is_explained(each, explained)})
    stale = sorted(set(explained) - {each for each in explained if _explains(each, survivors)}) if not wanted else []
    unexplained = sum(not _is_explained(each, explained) for each in survivors)
    print(
        f"{len(statuses):,} mutants: {len(noticed):,} noticed, {len(survivors) - unexplained:,} explained in "
        f"{EXPLAINED.name}, {unexplained:,} survived unexplained"
    )
    for mutant in news:
        print(f"\nsurvived:\n{mutant}")
    for mutant in stale:
        print(f"\nexplained, and noticed by now:\n{mutant}")
    return 1 if news or stale else 0


def _tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def _survivors(statuses: list[tuple[str, str, str]]) -> Iterator[Mutant]:
    """Yield what survived, or was not reached by any test."""
    functions: dict[str, dict[str, list[str]]] = {}
    for module, mutant, status in statuses:
        if status in {"survived", "no tests", "suspicious"}:
            if module not in functions:
                functions[module] = _functions(MUTATED / f"{module}.py")
            yield _mutant(module, mutant, functions[module])


def _functions(file: Path) -> dict[str, list[str]]:
    """Return the lines of every mutated function in `file`, and of what it was made from, by name."""
    text = file.read_text(encoding="utf-8")
    lines = text.splitlines()
    return {
        node.name: lines[node.lineno - 1 : node.end_lineno]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and "__mutmut_" in node.name
    }


def _mutant(module: str, name: str, functions: dict[str, list[str]]) -> Mutant:
    base = name.rpartition("__mutmut_")[0]
    found = _NAMED.match(name)
    function = found["function"].replace("ǁ", ".") if found else base
    # The first line names the mutant itself.
    original, changed = functions[f"{base}__mutmut_orig"][1:], functions[name][1:]
    diff = difflib.unified_diff(original, changed, n=0, lineterm="")
    lines = [line for line in diff if not line.startswith(("---", "+++", "@@"))]
    was = " / ".join(line[1:].strip() for line in lines if line.startswith("-"))
    now = " / ".join(line[1:].strip() for line in lines if line.startswith("+"))
    return Mutant(f"{module}.{function}", was, now)


def _explained() -> dict[Mutant, str]:
    entries = tomllib.loads(EXPLAINED.read_text(encoding="utf-8")).get("explained", [])
    return {
        Mutant(entry["where"], entry.get("was", ""), entry.get("now", ANYTHING)): entry["why"] for entry in entries
    }


def _is_explained(mutant: Mutant, explained: dict[Mutant, str]) -> bool:
    return mutant in explained or Mutant(mutant.where, "", ANYTHING) in explained


def _explains(explanation: Mutant, survivors: list[Mutant]) -> bool:
    return any(
        each == explanation or (explanation.now == ANYTHING and each.where == explanation.where) for each in survivors
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
