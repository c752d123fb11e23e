"""The detector: candidates of a version, classified by what its training labels taught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from pycocotools import mask as coco_mask

from curation.demo import gaussian_classifier
from curation.demo.candidates import FEATURES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from curation.demo.candidates import Candidates
    from curation.demo.detector_versions import DetectorVersion
    from curation.demo.gaussian_classifier import GaussianClassifier

LOWEST_SCORE: Final = 0.05
_OVERLAP: Final = 0.5
_RIDGE: Final = 1e-2


@dataclass(frozen=True, slots=True)
class TrainingLabels:
    """The labels of one training picture.

    Attributes:
        boxes: (N, 4) xywh, pixels.
        classes: (N,) 0-based.
    """

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Detections:
    """What the detector says about one picture, best score first.

    Attributes:
        boxes: (N, 4) xywh, pixels.
        classes: (N,) 0-based.
        scores: (N,) at least `LOWEST_SCORE`, six digits.
        counts: N compressed run-length masks in COCO's text form.
        size: height, width of the picture, pixels.
    """

    boxes: NDArray[np.float64]
    classes: NDArray[np.int64]
    scores: NDArray[np.float64]
    counts: tuple[str, ...]
    size: tuple[int, int]

    def __len__(self) -> int:
        return len(self.boxes)


@dataclass(frozen=True, slots=True)
class Detector:
    """A fitted detector.

    Attributes:
        version: its steps.
        n_classes: how many classes it tells apart, without the background.
        classifier: of regions; its last class is the background.
        quality: (F + 1,) coefficients of the contour's expected IoU; the last is constant.
    """

    version: DetectorVersion
    n_classes: int
    classifier: GaussianClassifier
    quality: NDArray[np.float64]

    def detect(self, image: NDArray[np.uint8]) -> Detections:
        """Return what is on a picture (h, w, 3; blue, green, red)."""
        return self.judge(self.version.find(image))

    def judge(self, candidates: Candidates) -> Detections:
        """Return the candidates with class and score; one region may be kept as two classes."""
        features = _chosen(candidates.features, self.version)
        posterior = self.classifier.posterior(features)[:, : self.n_classes]
        scores = np.round(posterior * self._contour_quality(candidates)[:, None], 6)
        regions, classes = np.nonzero(scores >= LOWEST_SCORE)
        kept = scores[regions, classes]
        order = np.argsort(-kept, kind="stable")
        regions, classes = regions[order], classes[order]
        return Detections(
            boxes=candidates.boxes[regions],
            classes=classes.astype(np.int64),
            scores=kept[order],
            counts=tuple(candidates.counts[region] for region in regions),
            size=candidates.size,
        )

    def _contour_quality(self, candidates: Candidates) -> NDArray[np.float64]:
        """Return how far each contour is to be trusted: (N,), 0 to 1."""
        if not self.version.learned_quality:
            solidity: NDArray[np.float64] = candidates.features[:, FEATURES.index("solidity")]
            return np.clip(solidity, 0, 1)
        return np.clip(_terms(candidates.features) @ self.quality, 0.02, 1)


def _chosen(features: NDArray[np.float64], version: DetectorVersion) -> NDArray[np.float64]:
    columns = [FEATURES.index(name) for name in version.features]
    chosen: NDArray[np.float64] = features[:, columns]
    return chosen


def _terms(features: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.hstack([features, np.ones((len(features), 1))])


def train(
    version: DetectorVersion,
    pictures: Sequence[tuple[Candidates, TrainingLabels]],
    *,
    n_classes: int,
) -> Detector:
    """Return a version fitted on the candidates and labels of the training pictures.

    A candidate takes the class of the label that it overlaps best, or the background when the
    IoU of their boxes stays below one half.

    Args:
        version: which steps to take.
        pictures: candidates and labels of each picture.
        n_classes: how many classes the labels have.
    """
    features, classes, overlaps = [], [], []
    for candidates, labels in pictures:
        best, overlap = _best_label(candidates.boxes, labels)
        features.append(candidates.features)
        classes.append(np.where(overlap >= _OVERLAP, best, n_classes))
        overlaps.append(overlap)
    table = np.concatenate(features)
    classifier = gaussian_classifier.fit(
        _chosen(table, version), np.concatenate(classes), n_classes + 1
    )
    terms = _terms(table)
    normal = terms.T @ terms + _RIDGE * len(terms) * np.eye(terms.shape[1])
    quality = np.linalg.solve(normal, terms.T @ np.concatenate(overlaps))
    return Detector(version, n_classes, classifier, np.asarray(quality, dtype=np.float64))


def _best_label(
    boxes: NDArray[np.float64], labels: TrainingLabels
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return class and IoU of the best overlapping label of each box: (N,) and (N,)."""
    if not len(boxes) or not len(labels.boxes):
        return np.zeros(len(boxes), dtype=np.int64), np.zeros(len(boxes))
    crowd = np.zeros(len(labels.boxes), dtype=np.uint8)
    overlap = np.asarray(coco_mask.iou(boxes, labels.boxes, crowd), dtype=np.float64)
    best = overlap.argmax(axis=1)
    return labels.classes[best], overlap[np.arange(len(boxes)), best]
