"""What a prediction import is asked to do; kept with its job as plain JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Self

ALL_SPLITS = "all"


@dataclass(frozen=True, slots=True)
class PredictionImportRequest:
    """Import of one file, or one folder of text files, as a prediction set.

    Args:
        project_id: The project.
        source: The file or folder.
        name: Name of the new prediction set.
        format: A format's name, None to find out.
        class_map: Class id of the file to class name; None as name rejects those predictions;
            no map takes the suggestion.
        covers: Splits whose images the model was run on; `auto` takes every split that holds a
            prediction, `all` every image.
        again: Import although the same bytes were imported before.
    """

    project_id: int
    source: Path
    name: str
    format: str | None = None
    model: str = ""
    version: str = ""
    framework: str = ""
    notes: str = ""
    parent_id: int | None = None
    training_split: str | None = None
    training_revision: int | None = None
    config: dict[str, Any] = field(default_factory=dict)
    class_map: dict[str, str | None] | None = None
    covers: tuple[str, ...] | Literal["auto", "all"] = "auto"
    again: bool = False

    def to_payload(self) -> dict[str, Any]:
        """Return the request as JSON."""
        payload = asdict(self)
        payload["source"] = str(self.source)
        payload["covers"] = list(self.covers) if isinstance(self.covers, tuple) else self.covers
        return payload

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Rebuild a request from `to_payload`."""
        covers = payload["covers"]
        return cls(
            **{
                **payload,
                "source": Path(payload["source"]),
                "covers": tuple(covers) if isinstance(covers, list) else covers,
            }
        )
