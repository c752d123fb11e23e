"""Measure ours and every peer in turn, print the tables and gates and write them down.

    python -m benchmarks.peers [CASE …] [--rounds 5] [--slow-rounds 1] [--cap 300]

Run `python -m scripts.peers` first; what it could not install is left out by name. Every case
keeps its last result in .cache/bench/results, and docs/benchmarks.md holds all of them.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.peers.cases import CASES, ROOT, SHARED_DATA, Case, prepare
from benchmarks.peers.contestants import CONTESTANTS, Contestant
from benchmarks.peers.measuring import Measured, measure
from benchmarks.peers.results import CaseResult, load, result, save
from benchmarks.peers.tables import report, write_into
from scripts.peers import PEERS, Installation, installed

PAGE = ROOT / "docs" / "benchmarks.md"


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmarks.peers", description=__doc__)
    parser.add_argument("case", nargs="*", help=f"of: {', '.join(CASES)} (default: all)")
    parser.add_argument("--rounds", type=int, default=5, help="of fast tools")
    parser.add_argument("--slow-rounds", type=int, default=1, help="of slow tools")
    parser.add_argument("--cap", type=float, default=300, help="seconds that a process may take")
    parser.add_argument("--only", action="append", help="only rows that begin so (repeatable)")
    parser.add_argument("--shared-data", type=Path, default=SHARED_DATA)
    parser.add_argument("--no-page", action="store_true", help="leave docs/benchmarks.md alone")
    options = parser.parse_args()
    unknown = sorted(set(options.case) - CASES.keys())
    if unknown:
        parser.error(f"unknown case {', '.join(unknown)}; known: {', '.join(CASES)}")
    return options


def here(contestants: Sequence[Contestant]) -> list[Contestant]:
    """Return the contestants with the reasons why some cannot run on this machine."""
    found = installed()
    return [
        each if each.peer is None else replace(each, absent=absence(found.get(each.peer)))
        for each in contestants
    ]


def absence(peer: Installation | None) -> str | None:
    """Return why a peer cannot take part, None if it can."""
    return "not installed" if peer is None else peer.skipped


def run_case(case: Case, options: argparse.Namespace) -> CaseResult | None:
    """Measure one case and keep the result; None if its data is not on this machine."""
    files = prepare(case, shared_data=options.shared_data)
    if files is None:
        return None
    chosen = [
        each
        for each in here(CONTESTANTS)
        if not options.only or each.row.startswith(tuple(options.only))
    ]
    rounds = (options.rounds, options.slow_rounds)
    entries = measure(case, files, chosen, rounds=rounds, cap=options.cap, say=_progress)
    known = installed()
    without_runner = set(PEERS) - {each.peer for each in CONTESTANTS}
    entries += [
        Measured(name, "files", name, skipped=known[name].skipped or "it has no adapter")
        for name in sorted(without_runner & known.keys())
    ]
    versions = {name: peer.version or "" for name, peer in known.items()}
    found = result(case.name, case.title, rounds, versions, entries)
    save(found)
    return found


def _progress(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def main() -> int:
    """Run the cases; a missed gate is said in the table and is no error."""
    options = arguments()
    fresh: dict[str, CaseResult] = {}
    for name in options.case or CASES:
        found = run_case(CASES[name], options)
        if found is None:
            print(f"{name}: left out, no real data in {options.shared_data}")
        else:
            fresh[name] = found
    print(report(fresh))
    if not options.no_page:
        kept = {name: last for name in CASES if (last := load(name)) is not None}
        write_into(PAGE, report(kept))
    return 0


if __name__ == "__main__":
    sys.exit(main())
