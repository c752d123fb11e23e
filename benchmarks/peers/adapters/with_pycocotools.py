"""pycocotools, the reference: https://github.com/ppwwyyxx/cocoapi."""

from __future__ import annotations

from benchmarks.peers.adapters.phases import CocoApi, run

from pycocotools.coco import COCO  # isort: skip
from pycocotools.cocoeval import COCOeval  # isort: skip


if __name__ == "__main__":
    run(CocoApi(COCO, COCOeval))
