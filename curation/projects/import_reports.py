"""Reports of imports: problem logs in the words of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING

from curation.formats.problems import KINDS
from curation.store.reports import ImportReport, ProblemGroup

if TYPE_CHECKING:
    from curation.formats.problems import ProblemLog


def build_report(
    kind: str, title: str, counts: dict[str, int], problems: ProblemLog, *, dry_run: bool
) -> ImportReport:
    """Return the report of an import.

    Args:
        kind: What is imported: `project` or `predictions`.
        title: What is imported from where.
        counts: Numbers to show, in order.
        problems: Everything that was rejected or warned of.
        dry_run: Whether nothing was written.
    """
    groups = [
        (KINDS[name].severity, _group(name, count, problems))
        for name, count in sorted(problems.counts().items(), key=lambda item: -item[1])
    ]
    return ImportReport(
        kind=kind,
        title=title,
        dry_run=dry_run,
        counts=counts,
        rejects=tuple(group for severity, group in groups if severity == "reject"),
        warnings=tuple(group for severity, group in groups if severity == "warning"),
    )


def _group(name: str, count: int, problems: ProblemLog) -> ProblemGroup:
    kind = KINDS[name]
    examples = tuple((one.file, one.record, one.reason) for one in problems.examples(kind))
    return ProblemGroup(name, kind.meaning, kind.advice, count, examples)
