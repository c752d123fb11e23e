"""Import reports: counts, warnings and rejects, kept and downloadable."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from curation.errors import NotFound
from curation.store.tables import ImportReport as ImportReportRow

if TYPE_CHECKING:
    from curation.store.database import Database

# The full-width forms start formulas in some spreadsheets too.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


@dataclass(frozen=True, slots=True)
class ProblemGroup:
    """All problems of one kind: how many, and the first of them by file and record."""

    kind: str
    meaning: str
    advice: str
    count: int
    examples: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import would do (dry run) or did."""

    kind: str
    title: str
    dry_run: bool
    counts: dict[str, int]
    rejects: tuple[ProblemGroup, ...]
    warnings: tuple[ProblemGroup, ...]
    id: int | None = None

    @property
    def rejected(self) -> int:
        """Number of rejected records."""
        return sum(group.count for group in self.rejects)

    @property
    def warned(self) -> int:
        """Number of warnings."""
        return sum(group.count for group in self.warnings)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data."""
        return {
            "kind": self.kind,
            "title": self.title,
            "dry_run": self.dry_run,
            "counts": self.counts,
            "rejects": [_group_to_dict(group) for group in self.rejects],
            "warnings": [_group_to_dict(group) for group in self.warnings],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], *, report_id: int | None = None) -> ImportReport:
        """Rebuild a report from `to_dict`."""
        return cls(
            kind=data["kind"],
            title=data["title"],
            dry_run=data["dry_run"],
            counts=data["counts"],
            rejects=tuple(_group_from_dict(group) for group in data["rejects"]),
            warnings=tuple(_group_from_dict(group) for group in data["warnings"]),
            id=report_id,
        )


def _group_to_dict(group: ProblemGroup) -> dict[str, Any]:
    return {
        "kind": group.kind,
        "meaning": group.meaning,
        "advice": group.advice,
        "count": group.count,
        "examples": [
            {"file": file, "record": record, "reason": reason}
            for file, record, reason in group.examples
        ],
    }


def _group_from_dict(data: dict[str, Any]) -> ProblemGroup:
    return ProblemGroup(
        kind=data["kind"],
        meaning=data["meaning"],
        advice=data["advice"],
        count=data["count"],
        examples=tuple((e["file"], e["record"], e["reason"]) for e in data["examples"]),
    )


def save_report(connection: sa.Connection, report: ImportReport) -> int:
    """Keep a report and return its id."""
    inserted = connection.execute(
        sa.insert(ImportReportRow)
        .values(kind=report.kind, title=report.title, content=report.to_dict())
        .returning(ImportReportRow.id)
    )
    return int(inserted.scalar_one())


def get_report(database: Database, report_id: int) -> ImportReport:
    """Return a kept report.

    Raises:
        NotFound: If there is none with this id.
    """
    with database.read() as connection:
        content = connection.scalar(
            sa.select(ImportReportRow.content).where(ImportReportRow.id == report_id)
        )
    if content is None:
        raise NotFound("import report", report_id)
    return ImportReport.from_dict(content, report_id=report_id)


def report_json(report: ImportReport) -> bytes:
    """Return the report for download, exact."""
    return json.dumps(report.to_dict(), indent=1, ensure_ascii=False).encode()


def report_csv(report: ImportReport) -> bytes:
    """Return every listed reject and warning as CSV, safe to open in a spreadsheet."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(["severity", "kind", "count of kind", "file", "record", "reason"])
    for severity, groups in (("reject", report.rejects), ("warning", report.warnings)):
        for group in groups:
            for example in group.examples:
                cells = (severity, group.kind, group.count, *(spreadsheet_safe(c) for c in example))
                writer.writerow(cells)
    return buffer.getvalue().encode()


def spreadsheet_safe(text: str) -> str:
    """Return text that no spreadsheet takes for a formula (CWE-1236)."""
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_STARTS) else text
