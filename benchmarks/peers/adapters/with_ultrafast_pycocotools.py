"""ultrafast-pycocotools, as its README shows: github.com/developer0hye/ultrafast-pycocotools."""

from __future__ import annotations

from benchmarks.peers.adapters.phases import CocoApi, run

from ultrafast_pycocotools import COCO, COCOeval  # type: ignore[import-not-found]  # isort: skip


if __name__ == "__main__":
    run(CocoApi(COCO, COCOeval))
