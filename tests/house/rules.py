"""Which rules of this house can be read off a file, and where does a file break them?"""

import ast
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

Finding = tuple[int, str]
"""A line and what is wrong there."""


@dataclass(frozen=True)
class Source:
    """One file of the project: where it lies, from the project's root, and what it says."""

    path: str
    text: str

    @property
    def room(self) -> str:
        """The top folder, `readiness` for instance."""
        return PurePosixPath(self.path).parts[0]

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, self.path)


@dataclass(frozen=True)
class Rule:
    """A habit of this house: which files it is about and how a breach is found."""

    name: str
    covers: Callable[[str], bool]
    breaches: Callable[[Source], Iterator[Finding]]


def is_python(path: str) -> bool:
    """Say whether a path is Python."""
    return path.endswith(".py")


def is_python_of_the_tests(path: str) -> bool:
    """Say whether a path is Python under tests/."""
    return is_python(path) and path.startswith("tests/")


def is_python_of_the_core(path: str) -> bool:
    """Say whether a path is Python of the pure core."""
    return is_python(path) and path.startswith("readiness/")


def is_markup(path: str) -> bool:
    """Say whether a path is a template that a browser reads."""
    return path.startswith("templates/") and path.endswith((".html", ".jinja", ".j2", ".svg"))


def is_ours(path: str) -> bool:
    """Say whether a path is text that we write ourselves; locks are written by a tool."""
    return not path.endswith(".lock")


# --- sentences


_SENTENCE_BREAK = re.compile(r"(?<!\be\.g)(?<!\bi\.e)[.?!][\"'`)\]]*\s+[A-Z]")
_FEWEST_WORDS = 3


def is_one_sentence(text: str) -> bool:
    """Say whether `text` is one sentence of at least three words, over as many lines as it needs."""
    sentence = text.strip()
    return (
        "\n\n" not in sentence
        and sentence.endswith((".", "?", "!"))
        and len(sentence.split()) >= _FEWEST_WORDS
        and _SENTENCE_BREAK.search(sentence) is None
    )


def modules_say_their_question(source: Source) -> Iterator[Finding]:
    """Every module's docstring is one sentence."""
    if not is_one_sentence(ast.get_docstring(source.tree) or ""):
        yield 1, "the module's docstring is not one sentence that says which question the file answers"


def tests_say_their_truth(source: Source) -> Iterator[Finding]:
    """Every test's docstring is one sentence."""
    if not PurePosixPath(source.path).name.startswith("test_"):
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.name.startswith("test_"):
            continue
        if not is_one_sentence(ast.get_docstring(node) or ""):
            yield node.lineno, f"the docstring of {node.name} is not one sentence that states the truth it protects"


# --- what tests leave alone


def tests_do_not_sleep(source: Source) -> Iterator[Finding]:
    """No test waits for time to pass: it polls with a deadline, or moves an injected clock."""
    for node in ast.walk(source.tree):
        dozes = isinstance(node, ast.Attribute) and _dotted(node) in {"time.sleep", "asyncio.sleep", "anyio.sleep"}
        borrows = (
            isinstance(node, ast.ImportFrom)
            and node.module in {"time", "asyncio", "anyio"}
            and any(name.name == "sleep" for name in node.names)
        )
        if dozes or borrows:
            yield _line(node), "a test sleeps: poll with a deadline, or move an injected clock"


def tests_do_not_mock(source: Source) -> Iterator[Finding]:
    """No test replaces our code with a recorder of calls: it uses a fake and looks at the outcome."""
    for node, module, _ in _imports(source.tree):
        if module.partition(".")[0] == "mock" or module.startswith("unittest.mock"):
            yield node.lineno, f"{module} is imported: use a fake and look at the outcome"


# --- the pure core


_MODULES_OF_THE_CORE = {"readiness", "pydantic", "pydantic_core", "annotated_types", "typing_extensions"}
_MODULES_WITH_EFFECTS = {
    *("asyncio", "concurrent", "ctypes", "fileinput", "glob", "http", "importlib", "io", "logging", "mmap"),
    *("multiprocessing", "os", "pathlib", "queue", "random", "sched", "secrets", "select", "shelve", "shutil"),
    *("signal", "smtplib", "socket", "sqlite3", "ssl", "subprocess", "sys", "tempfile", "threading", "time"),
    *("urllib", "warnings"),
}
_CALLS_WITH_EFFECTS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__"}
_CLOCKS = {"now", "utcnow", "today"}
_RANDOM_IDS = {"uuid1", "uuid4", "uuid6", "uuid7", "getnode"}


def the_core_is_pure(source: Source) -> Iterator[Finding]:
    """The core imports the standard library and pydantic alone, and names no clock, chance or outside world."""
    for statement, module, names in _imports(source.tree):
        top = module.partition(".")[0]
        if top in _MODULES_WITH_EFFECTS:
            yield statement.lineno, f"the core imports {module}, which reaches outside"
        elif top not in sys.stdlib_module_names and top not in _MODULES_OF_THE_CORE:
            yield statement.lineno, f"the core imports {module}, which is neither the standard library nor pydantic"
        for name in sorted(_RANDOM_IDS.intersection(names)):
            yield statement.lineno, f"the core imports {name}, which answers differently each time"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Name) and node.id in _CALLS_WITH_EFFECTS and isinstance(node.ctx, ast.Load):
            yield node.lineno, f"the core names {node.id}, which reaches outside"
        elif isinstance(node, ast.Attribute):
            owner, _, name = _dotted(node).rpartition(".")
            if name in _RANDOM_IDS or (name in _CLOCKS and owner.rpartition(".")[2] in {"datetime", "date"}):
                yield node.lineno, f"the core names {owner}.{name}, which answers differently each time"


# --- errors and silenced warnings


def errors_are_named(source: Source) -> Iterator[Finding]:
    """No handler catches everything and keeps it."""
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.ExceptHandler):
            continue
        if node.type is None:
            yield node.lineno, "a bare except catches even the wish to stop: name the error"
            continue
        caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        broad = [name for name in map(_dotted, caught) if name in {"Exception", "BaseException"}]
        if broad and not any(isinstance(inner, ast.Raise) for inner in _own_statements(node)):
            yield node.lineno, f"except {broad[0]} without raising again: name the error"


_SILENCED_TYPE = re.compile(r"#\s*type:\s*ignore\b(?!\[[a-z-]+(,\s*[a-z-]+)*\]\s*#\s*\w)")
_SILENCED_LINT = re.compile(r"#\s*noqa\b(?!:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*\s*[-:#]+\s*\w)", re.IGNORECASE)


def silence_has_a_reason(source: Source) -> Iterator[Finding]:
    """A checker is silenced for one code, and the line says why."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if _SILENCED_TYPE.search(line):
            yield number, "write the code and the reason: type: ignore[code]  # why"
        if _SILENCED_LINT.search(line):
            yield number, "write the code and the reason: noqa: CODE - why"


# --- names


_EMPTY_PREFIXES = ("get_", "handle_", "process_")
_EMPTY_WORDS = {"manager", "helper", "helpers", "utils", "util", "data", "info", "common", "misc", "shared"}


def names_say_something(source: Source) -> Iterator[Finding]:
    """No function, class or module is named by a word that fits everything."""
    module = PurePosixPath(source.path).stem
    if module in _EMPTY_WORDS:
        yield 1, f"a module called {module} says nothing about what is in it"
    imposed = _methods_of_heirs(source.tree)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            if node.name.lstrip("_").startswith(_EMPTY_PREFIXES) and node not in imposed:
                yield node.lineno, f"{node.name}: name what is returned or done"
        elif isinstance(node, ast.ClassDef):
            words = {word.lower() for word in re.findall(r"[A-Z][a-z]+", node.name)}
            for word in sorted(words & _EMPTY_WORDS):
                yield node.lineno, f"{node.name}: {word} fits everything"


def _methods_of_heirs(tree: ast.Module) -> set[ast.AST]:
    """Return the methods of classes with a base, whose names that base may have chosen."""
    heirs = (node for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.bases)
    return {method for heir in heirs for method in heir.body}


# --- any text


_PLACES_OF_ONE_MACHINE = re.compile(r"(?<![\w.\-/}])/(?:work|root|home/[a-z]\w*|Users/\w+)/")


def nothing_lies_on_one_machine(source: Source) -> Iterator[Finding]:
    """No file names a place that only one machine has."""
    for number, line in enumerate(source.text.splitlines(), start=1):
        if place := _PLACES_OF_ONE_MACHINE.search(line):
            yield number, f"{place.group()} is a place on one machine"


_INLINE_SCRIPT = re.compile(r"<script\b(?![^>]*\bsrc=)|<[^>]*\son[a-z]+\s*=|javascript:", re.IGNORECASE)


def pages_have_no_inline_script(source: Source) -> Iterator[Finding]:
    """No page carries script of its own, so that the browser can be told to refuse any."""
    for match in _INLINE_SCRIPT.finditer(source.text):
        yield source.text.count("\n", 0, match.start()) + 1, f"{match.group()[:40]!r} is inline script"


# --- reading trees


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return ""


def _line(node: ast.AST) -> int:
    line: int = getattr(node, "lineno", 1)
    return line


def _imports(tree: ast.Module) -> Iterator[tuple[ast.stmt, str, list[str]]]:
    """Yield each import: the statement, the module, the names taken from it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield node, name.name, []
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            names = [name.name for name in node.names]
            yield node, f"{node.module}.mock" if node.module == "unittest" and "mock" in names else node.module, names


def _own_statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what lies under `node`, leaving out functions defined there: what they raise is raised elsewhere."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from _own_statements(child)


RULES = (
    Rule("modules say which question they answer", is_python, modules_say_their_question),
    Rule("tests say the truth they protect", is_python_of_the_tests, tests_say_their_truth),
    Rule("tests do not sleep", is_python_of_the_tests, tests_do_not_sleep),
    Rule("tests do not mock", is_python_of_the_tests, tests_do_not_mock),
    Rule("the core is pure", is_python_of_the_core, the_core_is_pure),
    Rule("errors are named", is_python, errors_are_named),
    Rule("silence has a reason", is_python, silence_has_a_reason),
    Rule("names say something", is_python, names_say_something),
    Rule("nothing lies on one machine", is_ours, nothing_lies_on_one_machine),
    Rule("pages have no inline script", is_markup, pages_have_no_inline_script),
)
