from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pycocotools import mask as coco_mask

from curation.formats import coco_projects
from curation.formats.waiting_masks import draw

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SQUARE = [2.0, 2.0, 6.0, 2.0, 6.0, 6.0, 2.0, 6.0]


def test_draw__where_the_size_is_known_now(write_json: Callable[[Any], Path]) -> None:
    images = [{"id": n, "file_name": f"{n}.jpg"} for n in (1, 2, 3)]
    shapes = {1: [SQUARE], 2: [SQUARE], 3: [[*SQUARE, 9000.0, 1.0]]}
    labels = [
        {"id": n, "image_id": n, "category_id": 1, "bbox": [0, 0, 1, 1], "area": 1}
        | {"segmentation": shape}
        for n, shape in shapes.items()
    ]
    classes = [{"id": 1, "name": "cat"}]
    waiting = coco_projects.read(
        write_json({"images": images, "annotations": labels, "categories": classes})
    )
    assert waiting.problems.counts() == {"mask-pending": 3}
    first, second, third = waiting.images
    sized = (replace(first, width=12, height=10), second, replace(third, width=12, height=10))
    drawn = draw(replace(waiting, images=sized))
    expected = coco_mask.frPyObjects([SQUARE], 10, 12)[0]["counts"]
    assert drawn.labels.counts == [expected, None]
    assert drawn.labels.source_id.tolist() == [1, 2]
    assert drawn.problems.counts() == {"mask-pending": 1, "mask-malformed": 1}
    assert draw(drawn).labels.counts == [expected, None]
