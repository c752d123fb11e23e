"""What pushes left in a project's tasks: looked up by our keys, as often as it takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import msgspec

from curation.sync.annotation_tool import IMAGE_KEY, PUSH_KEY
from curation.sync.tools.label_studio.client import Condition
from curation.sync.tools.label_studio.pages import PageSize
from curation.sync.tools.label_studio.predictions import ours

if TYPE_CHECKING:
    from collections.abc import Sequence

    from curation.sync.tools.label_studio.client import LabelStudioClient, TaskRecord

IDS_A_LOOK: Final = 100
_FIRST_LOOK: Final = 25
# Without `result`: regions that people drew can be heavy, and a push does not look at them.
_FIELDS: Final = (
    "id,data,meta,created_at,updated_at,draft_exists,overlap,"
    "annotations,completed_by,updated_by,was_cancelled,ground_truth,predictions,model_version"
)
_WITH_RESULTS: Final = "id,created_at,updated_at,predictions,model_version,result"


@dataclass(frozen=True, slots=True)
class PushedTasks:
    """Looks up tasks of one project, with what was pushed into them."""

    client: LabelStudioClient

    def by_image(self, image_keys: Sequence[str]) -> list[TaskRecord]:
        """Return the tasks that pushes made for images, in order of id."""
        return self._among(f"data.{IMAGE_KEY}", image_keys)

    def by_push(self, keys: Sequence[str]) -> list[TaskRecord]:
        """Return the tasks that items of these keys are in, in order of id."""
        return self._among(f"data.{PUSH_KEY}", keys)

    def by_id(self, ids: Sequence[int]) -> list[TaskRecord]:
        """Return tasks by id, in order of id; those that are gone are left out."""
        return self._among("id", ids)

    def _among(self, column: str, values: Sequence[Any]) -> list[TaskRecord]:
        found: list[TaskRecord] = []
        for start in range(0, len(values), IDS_A_LOOK):
            part = list(values[start : start + IDS_A_LOOK])
            found += self._whole(Condition.on(column, "in_list", "List", part))
        return found

    def _whole(self, condition: Condition) -> list[TaskRecord]:
        """Return all tasks of a condition with our predictions' regions."""
        found: list[TaskRecord] = []
        size = IDS_A_LOOK
        while True:
            after = [Condition.on("id", "greater", "Number", found[-1].id)] if found else []
            page = self.client.tasks([condition, *after], size=size, include=_FIELDS).value
            found += page
            # A page is cut nowhere but at its size, so a short one is the last.
            if len(page) < size:
                return self._with_regions(found)

    def _with_regions(self, tasks: list[TaskRecord]) -> list[TaskRecord]:
        """Look up the regions of our predictions, of those tasks that have some."""
        ids = [task.id for task in tasks if ours(task.predictions)]
        regions: dict[int, Any] = {}
        # Painted masks weigh hundreds of kilobytes each: the first answer tells how heavy they are.
        pages = PageSize()
        size = _FIRST_LOOK
        start = 0
        while start < len(ids):
            part = ids[start : start + size]
            wanted = Condition.on("id", "in_list", "List", part)
            answer = self.client.tasks([wanted], size=len(part), include=_WITH_RESULTS)
            for task in answer.value:
                regions |= {each.id: each.result for each in task.predictions}
            pages.weigh(answer.size, len(answer.value))
            start += len(part)
            size = pages.size(IDS_A_LOOK)
        return [
            msgspec.structs.replace(
                task,
                predictions=[
                    msgspec.structs.replace(each, result=regions.get(each.id))
                    for each in task.predictions
                ],
            )
            for task in tasks
        ]
