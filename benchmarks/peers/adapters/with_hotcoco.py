"""hotcoco, as its README shows (all cores by default): https://github.com/derekallman/hotcoco."""

from __future__ import annotations

from benchmarks.peers.adapters.phases import CocoApi, run

from hotcoco import COCO, COCOeval  # type: ignore[import-not-found]  # isort: skip


if __name__ == "__main__":
    run(CocoApi(COCO, COCOeval))
