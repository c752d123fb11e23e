"""Whatever happens in the tool, after a sync with everything compared our labels are the tool's."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.curation.sync.memory_tool import MemoryServer, box

STEPS = 60
Do = Callable[[MemoryServer, random.Random], None]


def _any_task(server: MemoryServer, dice: random.Random) -> int:
    return dice.choice(sorted(server.tasks))


def add(server: MemoryServer, dice: random.Random) -> None:
    number = max(server.tasks, default=0) + 1  # the highest id is given again after a deletion
    server.add(number, f"{server.clock}.png", *_regions(dice))


def annotate(server: MemoryServer, dice: random.Random) -> None:
    server.annotate(
        _any_task(server, dice),
        *_regions(dice),
        name=dice.choice(["", "x", "y"]),
        cancelled=dice.random() < 0.1,
        ground_truth=dice.random() < 0.2,
    )


def clear(server: MemoryServer, dice: random.Random) -> None:
    server.clear(_any_task(server, dice))


def delete(server: MemoryServer, dice: random.Random) -> None:
    if len(server.tasks) > 5:
        del server.tasks[_any_task(server, dice)]


def delete_newest(server: MemoryServer, dice: random.Random) -> None:
    del dice
    if len(server.tasks) > 5:
        del server.tasks[max(server.tasks)]


def merge(server: MemoryServer, dice: random.Random) -> None:
    """Move annotations to another task and delete theirs; no time moves anywhere."""
    gone, stays = _any_task(server, dice), _any_task(server, dice)
    if gone == stays or len(server.tasks) <= 5:
        return
    moved = server.tasks.pop(gone).annotations
    task = server.tasks[stays]
    server.tasks[stays] = replace(task, annotations=(*task.annotations, *moved))


def rename(server: MemoryServer, dice: random.Random) -> None:
    key = _any_task(server, dice)
    server.tasks[key] = replace(
        server.tasks[key], image=f"r{server.clock}.png", updated_at=server.tick()
    )


DEEDS: list[Do] = [
    add,
    add,
    annotate,
    annotate,
    annotate,
    clear,
    delete,
    delete_newest,
    merge,
    rename,
]


def _regions(dice: random.Random) -> list[dict[str, Any]]:
    return [
        box(dice.choice(["cell", "nucleus"]), dice.randrange(50), dice.randrange(50))
        for _ in range(dice.randrange(4))
    ]


def expected(server: MemoryServer) -> dict[str, list[Any]]:
    """What each image should have, told without any of the code under test."""
    found: dict[str, list[Any]] = {}
    for task in server.tasks.values():
        work = [one for one in task.annotations if not one.cancelled]
        work.sort(key=lambda one: (one.ground_truth, one.updated_at, one.id))
        regions = work[-1].regions if work else []
        found[task.image] = sorted((r["class"], [float(v) for v in r["box"]]) for r in regions)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_history__ends_with_the_labels_of_the_tool(
    sync: Any, server: MemoryServer, labels: Any, seed: int
) -> None:
    dice = random.Random(seed)
    for _ in range(12):
        add(server, dice)
    for _ in range(STEPS):
        for _ in range(dice.randrange(1, 6)):
            dice.choice(DEEDS)(server, dice)
        if dice.random() < 0.5:
            sync(allow_removals=True)
    run = sync(reconcile=True, allow_removals=True)
    ours = labels()
    theirs = expected(server)
    assert {name: ours.get(name) for name in theirs} == theirs
    # Beyond the tool's images there are only those of the import.
    assert set(ours) - set(theirs) == {"a.png", "b.png"}
    assert run.counts["waiting"] == 0
    assert sync(reconcile=True).revision is None
