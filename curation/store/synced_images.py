"""Images that a source brings: one dataset a source, grown by its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy as sa

from curation.store.images import LABELLED, add_images
from curation.store.sources import change_source
from curation.store.tables import VISIBLE, Dataset, Project

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.store.sources import SourceRow


def lock_project(connection: sa.Connection, project_id: int) -> None:
    """Let no other sync or import of a project come between, until the transaction ends."""
    connection.execute(
        sa.select(Project.id).where(Project.id == project_id).with_for_update()
    ).one_or_none()


def dataset_of(connection: sa.Connection, source: SourceRow, *, revision: int) -> int:
    """Return the dataset of the images that a source brings, making it when it is missing."""
    if source.dataset_id is not None:
        return source.dataset_id
    taken = set(
        connection.scalars(sa.select(Dataset.name).where(Dataset.project_id == source.project_id))
    )
    name, number = source.name, 1
    while name in taken:
        number += 1
        name = f"{source.name} ({number})"
    dataset_id = int(
        connection.execute(
            sa.insert(Dataset)
            .values(
                project_id=source.project_id,
                name=name,
                format=source.kind,
                root=source.options.get("images"),
                source=source.location,
                sha256="",
                status=VISIBLE,
                added_in=revision,
            )
            .returning(Dataset.id)
        ).scalar_one()
    )
    change_source(connection, source.id, dataset_id=dataset_id)
    return dataset_id


def bring_images(
    connection: sa.Connection,
    source: SourceRow,
    images: Sequence[tuple[str, int, int, str | None, str | None]],
    *,
    revision: int,
) -> list[int]:
    """Add images to a source's dataset in an open revision; return their ids in order.

    Args:
        connection: A writing connection.
        source: The source.
        images: Name, width, height, content hash and state of each.
        revision: The open revision.
    """
    if not images:
        return []
    names, widths, heights, hashes, states = zip(*images, strict=True)
    ids = add_images(
        connection,
        source.project_id,
        dataset_of(connection, source, revision=revision),
        source_ids=[name[:500] for name in names],
        columns={
            "file_name": names,
            "width": widths,
            "height": heights,
            "sha256": hashes,
            "labelled": [state == LABELLED for state in states],
            "split": [source.options.get("split")] * len(images),
            "added_in": [revision] * len(images),
        },
    )
    return [int(image_id) for image_id in ids]
