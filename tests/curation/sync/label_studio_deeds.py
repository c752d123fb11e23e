"""What people do in a real Label Studio, at random; and what its own full export says then."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.servers.label_studio import HEIGHT, WIDTH, LabelStudioProject

CONFIG = """<View><Image name="image" value="$image"/>
<RectangleLabels name="box" toName="image"><Label value="cell"/><Label value="nucleus"/>
</RectangleLabels><PolygonLabels name="outline" toName="image"><Label value="cell"/>
</PolygonLabels></View>"""
Json = Any


def rectangle(dice: random.Random, number: int) -> Json:
    return {
        "id": f"region{number:04}",
        "type": "rectanglelabels",
        "from_name": "box",
        "to_name": "image",
        "original_width": WIDTH,
        "original_height": HEIGHT,
        "image_rotation": 0,
        "value": {
            "x": dice.uniform(0, 80),
            "y": dice.uniform(0, 80),
            "width": dice.uniform(1, 20),
            "height": dice.uniform(1, 20),
            "rotation": 0,
            "rectanglelabels": [dice.choice(["cell", "nucleus"])],
        },
    }


def polygon(dice: random.Random, number: int) -> Json:
    x, y, size = dice.uniform(0, 80), dice.uniform(0, 80), dice.uniform(2, 20)
    region = rectangle(dice, number) | {"type": "polygonlabels", "from_name": "outline"}
    region["value"] = {
        "points": [[x, y], [x + size, y], [x + size / 2, y + size]],
        "closed": True,
        "polygonlabels": ["cell"],
    }
    return region


def regions(dice: random.Random) -> list[Json]:
    return [dice.choice([rectangle, polygon])(dice, number) for number in range(dice.randrange(5))]


@dataclass
class Crowd:
    """People at work: they keep in mind what they made, as the browser in front of them does."""

    project: LabelStudioProject
    dice: random.Random
    tasks: list[int] = field(default_factory=list)
    annotations: dict[int, int] = field(default_factory=dict)
    images: int = 0
    deeds: int = 0

    def do(self, count: int) -> None:
        """Do so many things."""
        for _ in range(count):
            self.dice.choice(DEEDS)(self)
            self.deeds += 1

    def any_task(self) -> int:
        return self.dice.choice(self.tasks)

    def forget(self, task_ids: list[int]) -> None:
        gone = set(task_ids)
        self.tasks = [task for task in self.tasks if task not in gone]
        self.annotations = {a: t for a, t in self.annotations.items() if t not in gone}

    def refresh(self) -> None:
        """Look at what is there, as after an action on many tasks."""
        export = self.project.export()
        self.tasks = sorted(task["id"] for task in export)
        self.annotations = {a["id"]: task["id"] for task in export for a in task["annotations"]}


def add(crowd: Crowd) -> None:
    tasks = []
    for _ in range(crowd.dice.randrange(1, 12)):
        crowd.images += 1
        task: Json = {"data": {"image": f"/data/local-files/?d=i/{crowd.images}.png"}}
        if crowd.dice.random() < 0.5:
            task["annotations"] = [{"result": regions(crowd.dice)}]
        tasks.append(task)
    crowd.project.import_tasks(tasks)
    crowd.refresh()


def add_duplicate(crowd: Crowd) -> None:
    """Give an image to a second task, which "remove duplicates" will merge some day."""
    task = crowd.project.task(crowd.any_task())
    crowd.tasks += crowd.project.import_tasks([{"data": task["data"]}])


def annotate(crowd: Crowd) -> None:
    task = crowd.any_task()
    made = crowd.project.annotate(
        task,
        regions(crowd.dice),
        was_cancelled=crowd.dice.random() < 0.1,
        ground_truth=crowd.dice.random() < 0.1,
    )
    crowd.annotations[made] = task


def edit(crowd: Crowd) -> None:
    if crowd.annotations:
        which = crowd.dice.choice(sorted(crowd.annotations))
        crowd.project.change_annotation(which, result=regions(crowd.dice))


def star(crowd: Crowd) -> None:
    if crowd.annotations:
        which = crowd.dice.choice(sorted(crowd.annotations))
        crowd.project.change_annotation(which, ground_truth=True)


def delete_annotation(crowd: Crowd) -> None:
    if crowd.annotations:
        which = crowd.dice.choice(sorted(crowd.annotations))
        crowd.project.delete_annotation(which)
        del crowd.annotations[which]


def delete_task(crowd: Crowd) -> None:
    if len(crowd.tasks) > 20:
        task = crowd.any_task()
        crowd.project.delete_task(task)
        crowd.forget([task])


def delete_newest_task(crowd: Crowd) -> None:
    """Make room for the same id to be given again."""
    if len(crowd.tasks) > 20:
        task = max(crowd.tasks)
        crowd.project.delete_task(task)
        crowd.forget([task])


def delete_many_annotations(crowd: Crowd) -> None:
    chosen = crowd.dice.sample(crowd.tasks, min(4, len(crowd.tasks)))
    crowd.project.act("delete_tasks_annotations", chosen)
    crowd.annotations = {a: t for a, t in crowd.annotations.items() if t not in set(chosen)}


def delete_many_tasks(crowd: Crowd) -> None:
    if len(crowd.tasks) > 30:
        chosen = crowd.dice.sample(crowd.tasks, 3)
        crowd.project.act("delete_tasks", chosen)
        crowd.forget(chosen)


def merge_duplicates(crowd: Crowd) -> None:
    """Move annotations to another task; no time moves anywhere."""
    crowd.project.remove_duplicates(crowd.tasks)
    crowd.refresh()


def change_data(crowd: Crowd) -> None:
    """Change a field that no label depends on: an echo in the next pull."""
    task = crowd.project.task(crowd.any_task())
    data = task["data"] | {"priority": crowd.dice.random()}
    crowd.project.change_task(task["id"], data=data)


DEEDS: list[Callable[[Crowd], None]] = [
    add,
    add_duplicate,
    *[annotate] * 6,
    *[edit] * 6,
    star,
    *[delete_annotation] * 3,
    delete_task,
    delete_newest_task,
    delete_many_annotations,
    delete_many_tasks,
    merge_duplicates,
    change_data,
]
