"""faster-coco-eval, as its README shows: https://github.com/MiXaiLL76/faster_coco_eval."""

from __future__ import annotations

from benchmarks.peers.adapters.phases import CocoApi, run

from faster_coco_eval import COCO, COCOeval_faster  # type: ignore[import-not-found]  # isort: skip


if __name__ == "__main__":
    run(CocoApi(COCO, COCOeval_faster))
