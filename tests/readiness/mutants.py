"""Which small faults in the gates and duties would no test notice, and is it explained why each of them may stay?"""

# mutmut makes the faults, and `trying.py` tries one after the other against the tests of this folder. What survives
# is compared with `mutants.toml`: a survivor that is not explained there fails the run, and so does an explanation of
# a fault that is noticed by now. Faults are told apart by what they change, not by number: an explanation lasts
# until its line is edited. What was noticed stays so until its function is edited: delete `mutants/` to begin anew.

import ast
import difflib
import json
import os
import re
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from mutmut.__main__ import create_mutants
from mutmut.configuration import config
from mutmut.mutation.trampoline import set_mutant_under_test
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir

ROOT = Path(__file__).parents[2]
MUTATED = ROOT / "mutants" / "readiness"
EXPLAINED = Path(__file__).with_name("mutants.toml")
SIDE_BY_SIDE = 2
SURVIVING = {0, 4, 33}
"""In mutmut's numbers: survived, broken off, and reached by no test."""
LEFT_OUT = 34
"""In mutmut's numbers: never tried."""

ANYTHING = "anything"
"""Said of a function in which nothing can be noticed, instead of each change."""

_SENTENCE = re.compile(r'"[^"]* [^"]*"')
_NEVER = re.compile(r"\bassert_never\(")
_NAMED = re.compile(r"^x[_ǁ](?P<function>.+)__mutmut_(?:\d+|orig)$")


class Mutant(NamedTuple):
    """One fault: in which function, the line as it is, and the line as it would be."""

    where: str
    was: str
    now: str

    def __str__(self) -> str:
        return f'[[explained]]\nwhere = "{self.where}"\nwas = """{self.was}"""\nnow = """{self.now}"""\nwhy = ""\n'


def main(wanted: list[str]) -> int:
    """Try `wanted`, or every fault, and return 1 where an unexplained one survives."""
    set_mutant_under_test("mutant_generation")
    MUTATED.parent.mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    create_mutants(SIDE_BY_SIDE)
    leave_out_wording()
    tried = subprocess.run(
        [sys.executable, "-m", "tests.readiness.trying", *wanted], cwd=MUTATED.parent, check=False, env=_environment()
    )
    return tried.returncode or told(wanted)


def leave_out_wording() -> None:
    """Mark what changes nothing but the capitals of words or what stands around them: no rule is in that, and
    `steps.refused` sees to it that every refusal is a sentence. Nor can anything be noticed where mypy proves that
    nothing comes. What is known of modules that are mutated no more is forgotten."""
    for file in sorted(MUTATED.glob("*.py.meta")):
        if not config().should_mutate(f"readiness/{file.stem}"):
            file.unlink()
            continue
        kept = json.loads(file.read_text(encoding="utf-8"))
        functions = _functions(file.with_suffix(""))
        for name, code in kept["exit_code_by_key"].items():
            _, module, mutant = name.split(".", 2)
            if code in {None, *SURVIVING} and _is_wording(_mutant(module, mutant, functions)):
                kept["exit_code_by_key"][name] = LEFT_OUT
        file.write_text(json.dumps(kept, indent=4), encoding="utf-8")


def _is_wording(mutant: Mutant) -> bool:
    if _NEVER.search(mutant.was):
        return True
    is_text_alone = mutant.now.replace("XX", "").casefold() == mutant.was.casefold()
    return is_text_alone and any(sentence not in mutant.now for sentence in _SENTENCE.findall(mutant.was))


def told(wanted: list[str]) -> int:
    """Print what became of every fault so far, and return 1 where an unexplained one survived."""
    outcomes = dict(_outcomes())
    survivors = list(_survivors(outcomes))
    explained = _explained()
    news = sorted({each for _, each in survivors if not _is_explained(each, explained)})
    found = [each for _, each in survivors]
    stale = sorted(set(explained) - {each for each in explained if _explains(each, found)}) if not wanted else []
    _print_table(outcomes, Counter(module for module, each in survivors if not _is_explained(each, explained)))
    for mutant in news:
        print(f"\nsurvived:\n{mutant}")
    for mutant in stale:
        print(f"\nexplained, and noticed by now:\n{mutant}")
    return 1 if news or stale else 0


def _environment() -> dict[str, str]:
    return {**os.environ, "HYPOTHESIS_PROFILE": "mutants"}


def _outcomes() -> Iterator[tuple[tuple[str, str], int | None]]:
    """Yield how the trial of each fault ended, in mutmut's numbers: None for what was not tried yet."""
    for file in sorted(MUTATED.glob("*.py.meta")):
        for name, code in json.loads(file.read_text(encoding="utf-8"))["exit_code_by_key"].items():
            _, module, mutant = name.split(".", 2)
            yield (module, mutant), code


def _print_table(outcomes: dict[tuple[str, str], int | None], unexplained: Counter[str]) -> None:
    print(
        f"{'module':<12}{'mutants':>8}{'wording':>9}{'untried':>9}{'noticed':>9}{'survived':>10}{'unexplained':>12}"
    )
    rows = [*sorted({module for module, _ in outcomes}), "all"]
    for row in rows:
        codes = [code for (module, _), code in outcomes.items() if row in {module, "all"}]
        survived = sum(code in SURVIVING for code in codes)
        untried, wording = codes.count(None), codes.count(LEFT_OUT)
        noticed = len(codes) - untried - wording - survived
        left = unexplained.total() if row == "all" else unexplained[row]
        print(f"{row:<12}{len(codes):>8,}{wording:>9,}{untried:>9,}{noticed:>9,}{survived:>10,}{left:>12,}")


def _survivors(outcomes: dict[tuple[str, str], int | None]) -> Iterator[tuple[str, Mutant]]:
    """Yield what survived, or was not reached by any test, with its module."""
    functions: dict[str, dict[str, list[str]]] = {}
    for (module, mutant), code in outcomes.items():
        if code in SURVIVING:
            if module not in functions:
                functions[module] = _functions(MUTATED / f"{module}.py")
            yield module, _mutant(module, mutant, functions[module])


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
    original, changed = (
        [lines[0].replace(named, base), *lines[1:]]
        for named, lines in ((each, functions[each]) for each in (f"{base}__mutmut_orig", name))
    )
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
