"""Results as Markdown: a table a case and a table of gates; the part of a page that holds them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.peers.cases import CASES
from benchmarks.peers.contestants import NOT_ASKED
from benchmarks.peers.gates import Verdict, judge, verdict_words
from benchmarks.peers.measuring import Measured
from benchmarks.peers.results import CaseResult, difference, figure

REFERENCES = ("pycocotools", "ultrafast-pycocotools", "hotcoco")
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
COLUMNS = (
    "tool",
    "whole process",
    "CPU",
    "peak memory",
    "of it reading",
    "of it evaluating",
    "from memory, first call",
    "again",
    "CPU of it",
    "off by",
)


def case_table(result: CaseResult) -> str:
    """Return the table of one case: ours first, then the peers, fastest process first."""
    reference = reference_of(result)
    rows = sorted(_rows(result).items(), key=lambda item: _order(item[1]))
    cells = [_cells(result, row, kinds, reference) for row, kinds in rows]
    return _markdown(COLUMNS, cells)


def reference_of(result: CaseResult) -> Measured | None:
    """Return whose numbers the others are compared with: pycocotools', or a faster copy's."""
    found = (result.find(name, "files") for name in REFERENCES)
    return next((entry for entry in found if entry is not None), None)


def skipped_lines(result: CaseResult) -> list[str]:
    """Return one line for each contestant that did not take part, with the reason."""
    return [
        f"- {entry.row} ({entry.kind}): {entry.skipped}"
        for entry in result.entries
        if entry.skipped and not (entry.peer is None and entry.skipped == NOT_ASKED)
    ]


def gate_table(verdicts: Sequence[Verdict]) -> str:
    """Return the table of gates."""
    rows = [
        (
            f"{each.gate.case}: {each.gate.promise}{_whose(each)}",
            _amount(each.ours, each.gate.figure),
            f"{_amount(each.theirs, each.gate.figure)} {each.rival}".strip(),
            _times(each.ratio),
            _times(each.cpu_ratio),
            f"{each.gate.least:g}×",
            verdict_words(each),
        )
        for each in verdicts
    ]
    return _markdown(("gate", "ours", "best peer", "ratio", "of CPU", "at least", "verdict"), rows)


def report(results: Mapping[str, CaseResult]) -> str:
    """Return everything as Markdown, cases in their own order."""
    skipped = {name: skipped_lines(result) for name, result in results.items()}
    everywhere = [
        line
        for line in next(iter(skipped.values()), [])
        if all(line in lines for lines in skipped.values())
    ]
    parts = []
    for name in (name for name in CASES if name in results):
        result = results[name]
        parts.append(f"### {name}\n{_about(result)}\n\n{case_table(result)}")
        here = [line for line in skipped[name] if line not in everywhere]
        if here:
            parts.append("Left out:\n" + "\n".join(here))
    parts.append(f"### Gates\n{gate_table(judge(results))}")
    if everywhere:
        parts.append("Left out of every case:\n" + "\n".join(everywhere))
    return "\n\n".join(parts)


def write_into(page: Path, text: str) -> None:
    """Replace what a page has between its two marks."""
    before, _, rest = page.read_text(encoding="utf-8").partition(BEGIN)
    _, mark, after = rest.partition(END)
    if not mark:
        raise ValueError(f"{page.name} has no '{BEGIN}' … '{END}'")
    page.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def seconds(value: float | None) -> str:
    """Return a duration as people read it.

    Example:
        >>> seconds(0.0421), seconds(0.3), seconds(2.54), seconds(141.2), seconds(None)
        ('42 ms', '300 ms', '2.5 s', '141 s', '–')
    """
    if value is None:
        return "–"
    if value < 0.01:
        return f"{1000 * value:.1f} ms"
    if value < 1:
        return f"{1000 * value:.0f} ms"
    return f"{value:.1f} s" if value < 100 else f"{value:.0f} s"


def _about(result: CaseResult) -> str:
    fast, slow = result.rounds
    rounds = f"medians of {fast} rounds ({slow} of the slow tools)"
    reference = reference_of(result)
    other = (
        f" Off by: from {reference.row}." if reference and reference.row != REFERENCES[0] else ""
    )
    return f"{result.title}. {_day(result.date)}; {result.machine}; {rounds}.{other}"


def _rows(result: CaseResult) -> dict[str, dict[str, Measured]]:
    rows: dict[str, dict[str, Measured]] = {}
    for entry in result.entries:
        if entry.runs:
            rows.setdefault(entry.row, {})[entry.kind] = entry
    return rows


def _order(kinds: Mapping[str, Measured]) -> tuple[bool, float]:
    process = kinds.get("files") or kinds.get("store")
    is_peer = any(entry.peer for entry in kinds.values())
    wall = None if process is None else figure(process, "wall")
    return is_peer, float("inf") if wall is None else wall


def _cells(
    result: CaseResult, row: str, kinds: Mapping[str, Measured], reference: Measured | None
) -> tuple[str, ...]:
    process, memory = kinds.get("files") or kinds.get("store"), _in_memory(kinds)
    version = result.versions.get(row, "")
    any_entry = process or memory or next(iter(kinds.values()))
    # Changed labels have other numbers; that adapter compares them with a full run itself.
    comparable = reference is not None and "incremental" not in kinds
    off = difference(any_entry, reference) if reference and comparable else None
    return (
        f"{row} {version}".strip(),
        seconds(_of(process, "wall")),
        seconds(_of(process, "cpu")),
        _amount(_of(process, "mb"), "mb"),
        seconds(_sum(process, "truth", "predictions")),
        seconds(_sum(process, "evaluate", "summary")),
        seconds(_of(memory, "first")),
        seconds(_of(memory, "again")),
        seconds(_of(memory, "again_cpu")),
        "–" if off is None else ("0" if off == 0 else f"{off:.0e}"),
    )


def _in_memory(kinds: Mapping[str, Measured]) -> Measured | None:
    return kinds.get("arrays") or kinds.get("incremental")


def _of(entry: Measured | None, *names: str) -> float | None:
    return None if entry is None else figure(entry, *names)


def _sum(entry: Measured | None, *phases: str) -> float | None:
    values = [_of(entry, "seconds", phase) for phase in phases]
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _amount(value: float | None, name: str) -> str:
    if name != "mb":
        return seconds(value)
    return "–" if value is None else f"{value:.0f} MB"


def _times(ratio: float | None) -> str:
    return "–" if ratio is None else f"{ratio:.2f}×"


def _whose(verdict: Verdict) -> str:
    return "" if verdict.gate.kind != "store" or "store" in verdict.gate.promise else " (store)"


def _day(iso: str) -> str:
    year, month, day = map(int, iso.split("-"))
    months = "January February March April May June July August September October November December"
    return f"{day} {months.split()[month - 1]} {year}"


def _markdown(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines)
