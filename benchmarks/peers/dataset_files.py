"""A generated data set as files: COCO JSON for every tool, the same columns for ours.

    python -m benchmarks.peers.dataset_files FOLDER IMAGES CLASSES TRUTH PREDICTIONS MASKS SEED

`truth.json` and `predictions.json` are what a user has. `truth_rle.json` holds the same masks as
run lengths, so that "from memory" starts from run lengths for every tool. `columns.npz` is what
our adapter loads instead of JSON where loading is not measured.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from pycocotools import mask as coco_mask

from benchmarks.peers.generator import (
    Floats,
    Found,
    Ints,
    Model,
    Outlines,
    Scenes,
    Shape,
    draw_outlines,
    draw_predictions,
    draw_scenes,
    redraw_outlines,
)
from evaluation import Masks

CHUNK = 100_000
Rle = dict[str, Any]


def write_dataset(folder: Path, shape: Shape) -> None:
    """Write a data set; a folder that is there is complete, because it is renamed at the end."""
    if folder.exists():
        return
    unfinished = folder.with_name(folder.name + ".unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    scenes = draw_scenes(shape)
    found = draw_predictions(scenes, shape, Model(), seed=shape.seed + 1)
    if shape.masks:
        _write_with_masks(unfinished, shape, scenes, found)
    else:
        _write_truth(unfinished / "truth.json", scenes, scenes.area, None)
        _write_predictions(unfinished / "predictions.json", scenes, found, None)
        _write_columns(unfinished / "columns.npz", scenes, found, scenes.area, {})
    unfinished.rename(folder)


def _write_with_masks(folder: Path, shape: Shape, scenes: Scenes, found: Found) -> None:
    drawn = draw_outlines(len(scenes.image), seed=shape.seed)
    redrawn = redraw_outlines(drawn, found.source, seed=shape.seed + 1)
    polygons = [drawn.polygon(row, box).tolist() for row, box in enumerate(scenes.boxes)]
    truth = _rasterised(polygons, scenes.sizes[scenes.image])
    predicted = _outlined(redrawn, found.boxes, scenes.sizes[found.image])
    # One by one: pycocotools 2.0.11 counts a list's masks in eight bits under NumPy 2.
    area = np.array([coco_mask.area(rle) for rle in truth], dtype=np.float64)
    as_written: list[Any] = [
        _uncompressed(rle) if crowd else [polygon]
        for rle, polygon, crowd in zip(truth, polygons, scenes.crowd.tolist(), strict=True)
    ]
    _write_truth(folder / "truth.json", scenes, area, as_written)
    _write_truth(folder / "truth_rle.json", scenes, area, [_text(rle) for rle in truth])
    _write_predictions(
        folder / "predictions.json", scenes, found, [_text(rle) for rle in predicted]
    )
    masks = _mask_columns("truth", truth) | _mask_columns("predicted", predicted)
    _write_columns(folder / "columns.npz", scenes, found, area, masks)


def _outlined(outlines: Outlines, boxes: Floats, sizes: Ints) -> list[Rle]:
    polygons = [outlines.polygon(row, box).tolist() for row, box in enumerate(boxes)]
    return _rasterised(polygons, sizes)


def _rasterised(polygons: list[list[float]], sizes: Ints) -> list[Rle]:
    return [
        coco_mask.frPyObjects([polygon], height, width)[0]
        for polygon, (width, height) in zip(polygons, sizes.tolist(), strict=True)
    ]


def _text(rle: Rle) -> Rle:
    return {"size": list(rle["size"]), "counts": rle["counts"].decode()}


def _uncompressed(rle: Rle) -> Rle:
    runs = Masks.from_texts([rle["counts"]], [rle["size"]]).runs(0)
    return {"size": list(rle["size"]), "counts": runs.tolist()}


def _write_truth(path: Path, scenes: Scenes, area: Floats, masks: list[Any] | None) -> None:
    ids = scenes.ids.tolist()
    images = [
        {"id": id_, "file_name": f"{id_:012d}.jpg", "width": width, "height": height}
        for id_, (width, height) in zip(ids, scenes.sizes.tolist(), strict=True)
    ]
    columns = (scenes.image, scenes.class_, scenes.boxes, area, scenes.crowd.astype(int))
    annotations = [
        {
            "id": row + 1,
            "image_id": ids[image],
            "category_id": class_ + 1,
            "bbox": box,
            "area": size,
            "iscrowd": crowd,
            **({} if masks is None else {"segmentation": masks[row]}),
        }
        for row, (image, class_, box, size, crowd) in enumerate(
            zip(*(column.tolist() for column in columns), strict=True)
        )
    ]
    names = [f"class_{number:03d}" for number in range(1, scenes.n_classes + 1)]
    document = {
        "info": {"description": "generated for benchmarks"},
        "licenses": [],
        "images": images,
        "annotations": annotations,
        "categories": [{"id": row + 1, "name": name} for row, name in enumerate(names)],
    }
    path.write_bytes(msgspec.json.encode(document))


def _write_predictions(path: Path, scenes: Scenes, found: Found, masks: list[Rle] | None) -> None:
    with path.open("wb") as stream:
        stream.write(b"[")
        for start in range(0, len(found.image), CHUNK):
            rows = list(_result_rows(scenes, found, masks, slice(start, start + CHUNK)))
            stream.write(b"," if start else b"")
            stream.write(msgspec.json.encode(rows)[1:-1])
        stream.write(b"]")


def _result_rows(
    scenes: Scenes, found: Found, masks: list[Rle] | None, part: slice
) -> Iterator[dict[str, Any]]:
    columns = (scenes.ids[found.image[part]], found.class_[part] + 1)
    rest = (found.boxes[part], found.score[part])
    for row, (image, class_, box, score) in enumerate(
        zip(*(column.tolist() for column in (*columns, *rest)), strict=True), start=part.start
    ):
        result = {"image_id": image, "category_id": class_, "bbox": box, "score": score}
        yield result if masks is None else result | {"segmentation": masks[row]}


def _mask_columns(side: str, masks: list[Rle]) -> dict[str, Any]:
    texts = [rle["counts"] for rle in masks]
    return {
        f"{side}_mask_text": np.frombuffer(b"".join(texts), dtype=np.uint8),
        f"{side}_mask_ends": np.cumsum([len(text) for text in texts]),
        f"{side}_mask_sizes": np.array([rle["size"] for rle in masks], dtype=np.int32),
    }


def _write_columns(
    path: Path, scenes: Scenes, found: Found, area: Floats, masks: dict[str, Any]
) -> None:
    np.savez(
        path,
        n_classes=scenes.n_classes,
        truth_image=scenes.image,
        truth_class=scenes.class_,
        truth_boxes=scenes.boxes,
        truth_area=area,
        truth_crowd=scenes.crowd,
        predicted_image=found.image,
        predicted_class=found.class_,
        predicted_boxes=found.boxes,
        predicted_score=found.score,
        **masks,
    )


def main() -> None:
    folder, *numbers = sys.argv[1:]
    images, classes, truth, predictions, masks, seed = map(int, numbers)
    shape = Shape(images, classes, truth, predictions, masks=bool(masks), seed=seed)
    write_dataset(Path(folder), shape)


if __name__ == "__main__":
    main()
