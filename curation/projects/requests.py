"""What a project import is asked to do; kept with its job as plain JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, Self

MissingLabel = Literal["background", "unlabelled"]


@dataclass(frozen=True, slots=True)
class ProjectImportRequest:
    """Import of one annotation file or tree into a new or existing project.

    Args:
        name: The project.
        format: `coco`, `yolo` or `cvat`.
        source: The annotation file, or the root of the tree.
        images: Folder or `s3://bucket/prefix` of the pictures, None without pixels.
        split: Split of every image that the source gives none.
        missing_label: What an image without any label is (YOLO, CVAT), None to be asked.
        description: Shown on the project's card.
        author: Who imports, for the revision.
    """

    name: str
    format: str
    source: Path
    images: str | None = None
    split: str | None = None
    missing_label: MissingLabel | None = None
    description: str = ""
    author: str = "local user"

    def to_payload(self) -> dict[str, Any]:
        """Return the request as JSON."""
        return {**asdict(self), "source": str(self.source)}

    @classmethod
    def from_payload(cls, payload: dict[str, Any]) -> Self:
        """Rebuild a request from `to_payload`."""
        return cls(**{**payload, "source": Path(payload["source"])})
