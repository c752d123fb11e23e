"""Who takes part: one entry for each way of each tool to the twelve numbers.

Kinds: `files` is a fresh process from JSON; `arrays` repeated calls in one process on what is
loaded; `store` a fresh process of ours from a project's store; `incremental` our re-evaluation
after 1 % of the images changed, an adapter with the output of `arrays`.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.peers.cases import ROOT, Case, Files
from scripts.peers import python_of

ADAPTERS = Path(__file__).parent / "adapters"
CURATION = Path(sys.executable).with_name("curation")
NUMBERS = ("AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl")
OURS = "Curation"
SECONDS_OF_CALLS = "1.5"
PROJECT = "bench"
NOT_ASKED = "boxes have no masks to decode"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One way of one tool.

    `row` is the line of the table, `peer` the environment of a peer (None for ours), `command`
    what is started, `read` turns what it printed into phases and numbers. `slow` tools take part
    in fewer rounds; `refuses` says of which cases they are left out, and why; `absent` why they
    cannot run on this machine at all.
    """

    row: str
    kind: str
    command: Callable[[Case, Files], list[str]]
    read: Callable[[bytes], dict[str, Any]]
    peer: str | None = None
    slow: bool = False
    refuses: Mapping[str, str] = field(default_factory=dict)
    absent: str | None = None

    @property
    def key(self) -> str:
        return f"{self.row}/{self.kind}"


def environment() -> dict[str, str]:
    """Return what every process is started with: adapters find the protocol they share."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def read_adapter(printed: bytes) -> dict[str, Any]:
    """Return the one object that an adapter prints."""
    found: dict[str, Any] = json.loads(printed)
    return found


def read_metrics(printed: bytes) -> dict[str, Any]:
    """Return the twelve numbers of what `curation … --json` prints."""
    metrics = json.loads(printed)["metrics"]
    return {"numbers": [metrics[name] for name in NUMBERS]}


def _adapter(python: Path, script: str, kind: str) -> Callable[[Case, Files], list[str]]:
    def command(case: Case, files: Files) -> list[str]:
        program = [str(python), str(ADAPTERS / f"with_{script}.py")]
        predictions = str(files.predictions)
        if kind == "files":
            return [*program, "files", str(files.truth), predictions, case.iou_type]
        truth = str(files.truth_in_memory)
        return [*program, "arrays", truth, predictions, case.iou_type, SECONDS_OF_CALLS]

    return command


def _from_files(case: Case, files: Files) -> list[str]:
    paths = [str(files.truth), str(files.predictions)]
    return [str(CURATION), "evaluate", *paths, "--iou-type", case.iou_type, "--json"]


def _from_store(case: Case, files: Files) -> list[str]:
    del files
    run = ["evaluation", "run", PROJECT, case.name, "--iou-type", case.iou_type]
    return [str(CURATION), *run, "--json"]


def _peer(
    name: str, *kinds: str, slow: bool = False, refuses: Mapping[str, str] | None = None
) -> list[Contestant]:
    script = name.replace("-", "_")
    return [
        Contestant(
            row=name,
            kind=kind,
            command=_adapter(python_of(name), script, kind),
            read=read_adapter,
            peer=name,
            slow=slow,
            refuses=refuses or {},
        )
        for kind in kinds
    ]


def _ours(row: str, script: str, kind: str, *, cases: str = "") -> Contestant:
    only_masks = {"bbox": NOT_ASKED} if cases == "segm" else {}
    return Contestant(
        row=row,
        kind=kind,
        command=_adapter(Path(sys.executable), script, "arrays"),
        read=read_adapter,
        refuses=only_masks,
    )


_OBJECTS = {"objects365": "a Python object for each of 7.5 million predictions"}

CONTESTANTS: tuple[Contestant, ...] = (
    Contestant(OURS, "files", _from_files, read_metrics),
    Contestant(f"{OURS}, from its store", "store", _from_store, read_metrics),
    _ours(OURS, "curation", "arrays"),
    _ours(f"{OURS}, masks still text", "curation_texts", "arrays", cases="segm"),
    _ours(f"{OURS}, 1 % of the images changed", "curation_incremental", "incremental"),
    *_peer("ultrafast-pycocotools", "files", "arrays"),
    *_peer("hotcoco", "files", "arrays"),
    *_peer("vernier", "files", "arrays"),
    *_peer("faster-coco-eval", "files", slow=True, refuses=_OBJECTS),
    *_peer("pycocotools", "files", slow=True, refuses=_OBJECTS),
    *_peer(
        "supervision",
        "files",
        slow=True,
        refuses={**_OBJECTS, "segm": "dense masks: 15 GB for 50,000"},
    ),
)


def refusal(contestant: Contestant, case: Case) -> str | None:
    """Return why a contestant is left out of a case, None if it takes part."""
    if contestant.kind == "store" and not case.stored:
        return "not imported into a store"
    if contestant.absent:
        return contestant.absent
    return contestant.refuses.get(case.name) or contestant.refuses.get(case.iou_type)
