"""The demo as COCO documents: ground truth per split, results per detector, the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from curation.demo.cells import CLASS_NAMES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from curation.demo.detector import Detections
    from curation.demo.detector_versions import DetectorVersion
    from curation.demo.label_errors import Label, LabelError
    from curation.demo.slides import Field

Document = dict[str, Any]

CATEGORY_IDS = {name: number for number, name in enumerate(CLASS_NAMES, start=1)}


def ground_truth(
    fields: Sequence[Field], labels: Iterable[Label], sizes: Mapping[int, tuple[int, int]]
) -> Document:
    """Return the COCO ground truth of some images.

    Args:
        fields: the images.
        labels: of any images; those of others are left out.
        sizes: image id -> width, height, pixels.
    """
    known = {field.image_id for field in fields}
    return {
        "info": {"description": "Rendered blood smears of the Curation demo", "version": "1.0"},
        "images": [
            {
                "id": field.image_id,
                "file_name": field.file_name,
                "width": sizes[field.image_id][0],
                "height": sizes[field.image_id][1],
            }
            for field in fields
        ],
        "annotations": [
            {
                "id": label.annotation_id,
                "image_id": label.image_id,
                "category_id": CATEGORY_IDS[label.shape.class_name],
                "segmentation": [list(polygon) for polygon in label.shape.polygons],
                "area": label.shape.area,
                "bbox": list(label.shape.box),
                "iscrowd": 0,
            }
            for label in labels
            if label.image_id in known
        ],
        "categories": [
            {"id": number, "name": name, "supercategory": "blood"}
            for name, number in CATEGORY_IDS.items()
        ],
    }


def results(image_id: int, detections: Detections) -> list[Document]:
    """Return the COCO results of one image, boxes and masks."""
    rows = zip(
        detections.boxes.tolist(),
        detections.classes.tolist(),
        detections.scores.tolist(),
        detections.counts,
        strict=True,
    )
    return [
        {
            "image_id": image_id,
            "category_id": CATEGORY_IDS[CLASS_NAMES[class_]],
            "bbox": box,
            "score": score,
            "segmentation": {"size": list(detections.size), "counts": counts},
        }
        for box, class_, score, counts in rows
    ]


def metadata(version: DetectorVersion, *, parent: str | None, splits: Sequence[str]) -> Document:
    """Return what is known of a prediction set beside its predictions.

    Args:
        version: the detector.
        parent: name of the prediction set of the version before, or None.
        splits: which splits it predicted.
    """
    return {
        "name": version.name,
        "model": "smear-detector",
        "version": version.version,
        "framework": "OpenCV",
        "parent": parent,
        "training_split": "train",
        "predicted_splits": list(splits),
        "notes": version.notes,
        "config": {
            "features": list(version.features),
            "learned_quality": version.learned_quality,
        },
    }


def manifest(fields: Sequence[Field], errors: Iterable[LabelError]) -> Document:
    """Return everything that is wrong on purpose."""
    by_id = {field.image_id: field for field in fields}
    return {
        "label_errors": [_error(error, by_id[error.truth.image_id]) for error in errors],
        "near_duplicates": [
            _near_duplicate(field, by_id[field.copy_of])
            for field in fields
            if field.copy_of is not None
        ],
        "background_images": [
            {"image_id": field.image_id, "file_name": field.file_name, "split": field.split}
            for field in fields
            if field.background
        ],
    }


def _error(error: LabelError, field: Field) -> Document:
    written = error.written
    return {
        "kind": error.kind,
        "split": field.split,
        "image_id": field.image_id,
        "file_name": field.file_name,
        "annotation_id": None if written is None else written.annotation_id,
        "class": None if written is None else written.shape.class_name,
        "bbox": None if written is None else list(written.shape.box),
        "duplicate_of": error.truth.annotation_id if error.kind == "duplicate" else None,
        "true_class": error.truth.shape.class_name,
        "true_bbox": list(error.truth.shape.box),
    }


def _near_duplicate(field: Field, original: Field) -> Document:
    return {
        "image_id": field.image_id,
        "file_name": field.file_name,
        "split": field.split,
        "of_image_id": original.image_id,
        "of_file_name": original.file_name,
        "of_split": original.split,
        "across_splits": field.split != original.split,
    }
