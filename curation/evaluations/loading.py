"""Columns of the store as the evaluator wants them: positions on an image and a class axis."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from curation.store.images import ClassEntry, ImageTable, places, read_classes, read_images
from curation.store.label_history import Labels, labels_as_of
from curation.store.prediction_shards import read_predictions
from evaluation import Instances, Masks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from curation.store.database import Database
    from curation.store.prediction_sets import PredictionSetRow


class RowsOfImages:
    """Finds the rows of one image in a table without looking at the others.

    Args:
        image: (N,) position of each row's image.
        n_images: Length of the image axis.
    """

    def __init__(self, image: NDArray[np.int64], n_images: int) -> None:
        self._order = np.argsort(image, kind="stable")
        self._starts = np.searchsorted(image[self._order], np.arange(n_images + 1))

    def of(self, place: int) -> NDArray[np.int64]:
        """Return the rows of the image at a position, in file order."""
        return self._order[self._starts[place] : self._starts[place + 1]]


@dataclass(frozen=True)
class GroundTruth:
    """The labels of one revision on the axes of its images and classes.

    Args:
        project_id: The project.
        revision: The label revision.
        images: The image axis.
        classes: The class axis.
        labels: The labels, in the order of `instances`.
        instances: The same labels, for the evaluator.
        has_masks: Whether any label has a mask.
    """

    project_id: int
    revision: int
    images: ImageTable
    classes: tuple[ClassEntry, ...]
    labels: Labels
    instances: Instances
    has_masks: bool

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names along the class axis."""
        return tuple(entry.name for entry in self.classes)

    @cached_property
    def rows(self) -> RowsOfImages:
        """Labels by image."""
        return RowsOfImages(self.instances.image, len(self.images))

    @cached_property
    def split_of(self) -> NDArray[np.object_]:
        """(images,) split names, None without."""
        return np.array([*self.images.split, None], dtype=object)[:-1]

    def covered(self, prediction_set: PredictionSetRow) -> NDArray[np.bool_]:
        """Return which images a set is evaluated on.

        Those that are labelled, were in the project when the set was imported (the model never
        saw later ones), and are in a split that the set covers.
        """
        seen = self.images.labelled & (self.images.added_in <= prediction_set.image_revision)
        if prediction_set.covered_splits is None:
            return seen
        return seen & np.isin(self.images.split_names, prediction_set.covered_splits)


def load_ground_truth(
    database: Database, project_id: int, revision: int, *, masks: bool = False
) -> GroundTruth:
    """Load the labels of a revision.

    Args:
        database: The store.
        project_id: The project.
        revision: A published revision.
        masks: Whether masks are needed.
    """
    with database.read() as connection:
        images = read_images(connection, project_id, revision=revision)
        classes = read_classes(connection, project_id, revision=revision)
    labels = labels_as_of(database, project_id, revision, masks=masks)
    image = images.positions(labels.image_id)
    instances = Instances.ground_truth(
        image,
        _class_positions(classes)(labels.class_id),
        labels.boxes,
        area=labels.area,
        crowd=labels.crowd,
        id=labels.source_id,
        masks=_masks(labels.counts, image, images) if labels.counts is not None else None,
    )
    has_masks = labels.counts is not None and any(c is not None for c in labels.counts)
    return GroundTruth(project_id, revision, images, classes, labels, instances, has_masks)


def load_predictions(
    database: Database, prediction_set: PredictionSetRow, truth: GroundTruth, *, masks: bool = False
) -> Instances:
    """Load a prediction set onto the axes of a ground truth.

    On an earlier revision than the set was imported on, predictions of images and classes that
    the project did not have yet are left out.

    Args:
        database: The store.
        prediction_set: The set.
        truth: The ground truth.
        masks: Whether masks are needed.
    """
    stored = read_predictions(database, prediction_set.id, masks=masks)
    image = truth.images.positions(stored.image_id)
    class_ = _class_positions(truth.classes)(stored.class_id)
    known = (image >= 0) & (class_ >= 0)
    if not known.all():
        rows = np.flatnonzero(known)
        stored, image, class_ = stored.take(rows), image[rows], class_[rows]
    return Instances.predictions(
        image,
        class_,
        stored.boxes,
        score=stored.score,
        area=stored.area,
        id=stored.ordinal,
        masks=_masks(stored.counts, image, truth.images) if stored.counts is not None else None,
    )


def _class_positions(
    classes: tuple[ClassEntry, ...],
) -> Callable[[NDArray[np.int64]], NDArray[np.int64]]:
    """Return the function from class ids to positions, −1 for classes that are not there."""
    ids = np.array([entry.id for entry in classes], dtype=np.int64)
    order = np.append(np.argsort(ids), -1)  # the last entry answers for unknown ids, place −1

    def positions(class_id: NDArray[np.int64]) -> NDArray[np.int64]:
        return order[places(ids[order[:-1]], class_id)].astype(np.int64)

    return positions


def _masks(counts: Sequence[bytes | None], image: NDArray[np.int64], images: ImageTable) -> Masks:
    sizes = np.stack([images.height[image], images.width[image]], axis=1)
    # A label without a mask covers nothing: it can be missed but not found.
    return Masks.from_texts([text or None for text in counts], sizes)
