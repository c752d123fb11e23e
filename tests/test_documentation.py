"""The documentation names what exists, and its links lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from curation.cli.main import COMMANDS
from curation.errors import PRESENTATIONS
from curation.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def _links(page: Path) -> list[Path]:
    """Return the project's files that a page links to, code blocks left out."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    targets = [target.split("#")[0] for target in re.findall(r"\]\(([^)\s]+)\)", text)]
    return [(page.parent / target).resolve() for target in targets if target and ":" not in target]


def _reachable(page: Path) -> set[Path]:
    """Return the pages that a reader finds by following links."""
    found, waiting = {page}, [page]
    while waiting:
        fresh = {link for link in _links(waiting.pop()) if link.suffix == ".md"} - found
        found |= fresh
        waiting += fresh
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links__lead_to_files_of_the_project(page: Path) -> None:
    assert [link for link in _links(page) if not link.exists()] == []


def test_pages__are_reached_from_the_index() -> None:
    assert set(PAGES) - _reachable(ROOT / "docs" / "index.md") - {ROOT / "README.md"} == set()


def test_operations__explains_every_setting_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(CURATION_\w+)` \|.*\| (.+) \|$", OPERATIONS, re.MULTILINE))
    settings = msgspec.structs.fields(Settings)
    assert rows.keys() == {f"CURATION_{field.name.upper()}" for field in settings}
    stated = {
        field.name: field.default
        for field in settings
        if isinstance(field.default, str | int | float)
    }
    assert {name: rows[f"CURATION_{name.upper()}"] for name in stated} == {
        name: f"`{default}`" for name, default in stated.items()
    }


def test_operations__lists_every_exit_code() -> None:
    line = OPERATIONS.split("## Exit codes")[1]
    codes = {int(code) for code in re.findall(r"\b(\d+) [a-z]", line)}
    assert codes == {0, 1} | {presentation.exit_code for presentation in PRESENTATIONS.values()}


def test_documentation__names_only_commands_that_exist() -> None:
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
    named = set(re.findall(r"(?:`|bin/)curation ([a-z]+)\b", text))
    assert named <= COMMANDS.keys()
