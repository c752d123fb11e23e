"""The reference pages agree with the code: metrics, commands, tables; their examples run."""

from __future__ import annotations

import doctest
import re
from pathlib import Path

import click
import pytest

from curation.cli.main import command
from curation.store.tables import Base
from evaluation import DIRECTION

DOCS = Path(__file__).parents[1] / "docs"
METRICS = sorted((DOCS / "metrics").glob("*.md"))
CLI = (DOCS / "cli.md").read_text(encoding="utf-8")
DATA_MODEL = (DOCS / "data-model.md").read_text(encoding="utf-8")


def _leaves(group: click.Group, path: str = "curation") -> dict[str, click.Command]:
    """Return every command that does something, by its full name."""
    found: dict[str, click.Command] = {}
    context = click.Context(group)
    for name in group.list_commands(context):
        child = group.get_command(context, name)
        assert child is not None
        full = f"{path} {name}"
        found |= _leaves(child, full) if isinstance(child, click.Group) else {full: child}
    return found


LEAVES = _leaves(command)


def _section(name: str) -> str:
    return CLI.split(f"\n## {name}\n")[1].split("\n## ")[0]


@pytest.mark.parametrize("page", METRICS, ids=lambda page: page.stem)
def test_metric_pages__show_what_the_code_returns(page: Path) -> None:
    blocks = re.findall(r"```python\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        test = doctest.DocTestParser().get_doctest(block, {}, page.name, page.name, 0)
        runner = doctest.DocTestRunner(verbose=False)
        runner.run(test)
        assert runner.summarize(verbose=False).failed == 0


def test_deltas__name_the_direction_of_every_number() -> None:
    text = (DOCS / "metrics" / "deltas.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| ([\w, ]+) \| (better|worse|neither) \|$", text, re.MULTILINE))
    stated = {name: word for names, word in rows.items() for name in names.split(", ")}
    words = {1: "better", -1: "worse", 0: "neither"}
    assert stated == {name: words[direction] for name, direction in DIRECTION.items()}


def test_cli_page__has_a_section_for_every_command() -> None:
    assert set(re.findall(r"^## (curation .+)$", CLI, re.MULTILINE)) == LEAVES.keys()


@pytest.mark.parametrize("name", LEAVES)
def test_cli_page__names_every_option(name: str) -> None:
    section = _section(name)
    options = {
        option
        for parameter in LEAVES[name].params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }
    assert {option for option in options if option not in section} == set()
    assert set(re.findall(r"--[a-z][a-z-]+", section)) <= options


def test_data_model__describes_every_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", DATA_MODEL, re.MULTILINE)
    assert sorted(rows) == sorted(Base.metadata.tables)


def test_data_model__draws_only_columns_that_exist() -> None:
    drawn = re.findall(r'^    "?(\w+)"? \{\n(.*?)^    \}', DATA_MODEL, re.MULTILINE | re.DOTALL)
    assert {name for name, _ in drawn} == set(Base.metadata.tables)
    for name, body in drawn:
        columns = {line.split()[1] for line in body.splitlines()}
        assert columns <= set(Base.metadata.tables[name].columns.keys()), name
