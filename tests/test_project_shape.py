"""The shape of the project: sizes, names, words and imports that hold everywhere in the sources."""

from __future__ import annotations

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import curation.errors
import evaluation.errors

ROOT = Path(__file__).parents[1]
PACKAGES = ("evaluation", "curation", "ui", "migrations")
MOST_LINES = 400
MOST_FUNCTION_LINES = 50

# file, or file::function -> why it may be longer
LONG_FILES: dict[str, str] = {}
LONG_FUNCTIONS: dict[str, str] = {}

EMPTY_NAMES = {"utils", "util", "helpers", "helper", "common", "core", "manager", "misc"}
# A word that the glossary has another for -> that word.
SYNONYMS = {
    "workspace": "project",
    "datapoint": "image",
    "data_point": "image",
    "data_unit": "image",
    "result_set": "prediction set",
    "annotation_set": "labels",
    "snapshot": "revision",
}
FORBIDDEN_IMPORTS = {
    "pickle": "loading one runs code",
    "dill": "loading one runs code",
    "joblib": "it loads pickles",
    "marshal": "it crashes on foreign bytes",
}
MACHINE_PATH = re.compile(r"(?<![\w.{}])(?:/(?:work|tmp)\b|/(?:home|root|Users)/\w)")


def _sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in found if "__pycache__" not in path.parts]


def _is_written_by_hand(path: Path) -> bool:
    """Return whether people read and edit a file: Alembic writes migrations, nobody edits them."""
    return path.parent != ROOT / "migrations" / "versions"


SOURCES = _sources(*PACKAGES)
EVERYTHING = [*filter(_is_written_by_hand, SOURCES), *_sources("scripts", "tests", "benchmarks")]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _functions(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function's `file::name` and its lines, decorators and docstring left out."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            yield f"{_name(path)}::{node.name}", lines - _docstring_lines(node)


def _docstring_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    if ast.get_docstring(node) is None:
        return 0
    return (node.body[0].end_lineno or 0) - node.body[0].lineno + 1


def _identifiers(path: Path) -> set[str]:
    """Return every name in a file, comments and texts left out."""
    tokens = tokenize.generate_tokens(io.StringIO(path.read_text(encoding="utf-8")).readline)
    return {token.string for token in tokens if token.type == tokenize.NAME}


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _imported(path: Path) -> set[str]:
    """Return the top-level packages that a file imports."""
    modules: set[str] = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules.add(node.module)
    return {module.split(".")[0] for module in modules}


def _calls(path: Path) -> set[str]:
    """Return the plain names that a file calls."""
    return {
        node.func.id
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def test_files__are_short_enough_to_read() -> None:
    sizes = {_name(path): len(path.read_text(encoding="utf-8").splitlines()) for path in EVERYTHING}
    too_long = {name: size for name, size in sizes.items() if size > MOST_LINES}
    assert too_long.keys() == LONG_FILES.keys(), too_long


def test_functions__fit_on_a_screen() -> None:
    sizes = dict(entry for path in EVERYTHING for entry in _functions(path))
    too_long = {name: size for name, size in sizes.items() if size > MOST_FUNCTION_LINES}
    assert too_long.keys() == LONG_FUNCTIONS.keys(), too_long


def test_modules__are_named_by_what_they_hold() -> None:
    parts = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & EMPTY_NAMES == set()


def test_identifiers__use_the_words_of_the_glossary() -> None:
    found = {
        f"{_name(path)}: {name}": word
        for path in SOURCES
        if "formats" not in path.parts  # files of other tools have their own words
        for name in _identifiers(path)
        for synonym, word in SYNONYMS.items()
        if f"_{synonym}_" in f"_{_snake_case(name)}_"
    }
    assert found == {}


def test_imports__bring_nothing_that_runs_foreign_bytes() -> None:
    found = {_name(path): sorted(_imported(path) & FORBIDDEN_IMPORTS.keys()) for path in SOURCES}
    assert {name: modules for name, modules in found.items() if modules} == {}


def test_sources__do_not_print() -> None:
    assert [_name(path) for path in SOURCES if "print" in _calls(path)] == []


def test_screens__never_render_raw_html() -> None:
    assert [_name(path) for path in SOURCES if "unsafe_allow_html" in _identifiers(path)] == []


def test_sources__name_no_place_of_one_machine() -> None:
    found = [
        f"{_name(path)}:{number}"
        for path in [*SOURCES, *_sources("scripts", "benchmarks")]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]
    assert found == []


def _errors() -> list[type[Exception]]:
    return [
        value
        for module in (curation.errors, evaluation.errors)
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, Exception)
        and value.__module__ == module.__name__
    ]


@pytest.mark.parametrize("error", _errors(), ids=lambda error: error.__name__)
def test_every_error__has_a_presentation_that_says_more_than_wrong(error: type[Exception]) -> None:
    root = curation.errors.CurationError
    nearest = next(each for each in error.__mro__ if each in curation.errors.PRESENTATIONS)
    assert nearest is not root or error is root


@pytest.mark.parametrize("module", [curation.errors, evaluation.errors], ids=lambda it: it.__name__)
def test_error_trees__are_drawn_completely_in_their_modules(module: ModuleType) -> None:
    names = [error.__name__ for error in _errors() if error.__module__ == module.__name__]
    assert [name for name in names if name not in (module.__doc__ or "")] == []


def test_makefile_targets__are_explained_in_contributing() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z][a-z-]*):.*## ", makefile, re.MULTILINE)
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    assert targets
    assert [target for target in targets if f"make {target}`" not in contributing] == []


@pytest.mark.parametrize("suffix", ["", "-dev"])
def test_locks__name_no_host_and_check_every_file(suffix: str) -> None:
    text = _lock(suffix)
    packages = re.findall(r"^([a-z0-9][\w.-]*)(==\S+)?((?:.*\\\n)?)", text, re.MULTILINE)
    assert re.findall(r"https?://|--index-url|--find-links|@ file", text) == []
    assert [name for name, version, hashes in packages if not (version and hashes)] == []


def test_locks__satisfy_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    locked = dict(re.findall(r"^([a-z0-9][\w.-]*)==([^\s;]+)", _lock("-dev"), re.MULTILINE))
    outdated = [
        line
        for line in map(Requirement, asked)
        if not line.specifier.contains(locked.get(canonicalize_name(line.name), "0"))
    ]
    assert outdated == []


def test_locks__agree_on_the_packages_they_share() -> None:
    def pins(text: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9].*?==[^\\\n]*", text, re.MULTILINE))

    assert pins(_lock("")) - pins(_lock("-dev")) == set()


def _lock(suffix: str) -> str:
    return (ROOT / f"requirements{suffix}.lock").read_text(encoding="utf-8")
