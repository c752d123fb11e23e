"""Syncs of a small project, step by step: what comes, changes, goes, waits and is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from curation.errors import TooManyVanished
from curation.evaluations.evaluating import evaluate_set
from curation.evaluations.states import evaluation_state
from curation.settings import Settings
from curation.store.database import Database
from curation.store.images import read_images
from curation.store.projects import get_project, list_revisions, set_reevaluates
from curation.store.remote_tasks import held_tasks, task_statuses
from curation.store.sources import get_source
from curation.sync.class_questions import answer_question, class_questions
from curation.sync.sources import SourceDraft, change_options, keep_source
from curation.sync.syncing import SyncRequest, create_sync
from tests.curation.sync.memory_tool import MemoryServer, box

CELLS = [("cell", [0, 0, 10, 10]), ("cell", [40, 20, 40, 40])]
NUCLEUS = [("nucleus", [5, 5, 20, 20])]


@pytest.fixture
def change(database: Database, source_id: int) -> Any:
    """Change options of the source."""

    def run(**options: Any) -> None:
        source = get_source(database, source_id)
        change_options(database, source, schedule=None, enabled=True, **options)

    return run


def labelled(database: Database, project_id: int) -> dict[str, bool]:
    with database.read() as connection:
        images = read_images(connection, project_id)
    return dict(zip(images.file_name, images.labelled.tolist(), strict=True))


def test_first_sync__replaces_the_labels_of_annotated_images_only(
    sync: Any, server: MemoryServer, labels: Any, database: Database, project_id: int
) -> None:
    server.add(1, "a.png", box("cell", 0, 0, 10, 10), box("nucleus", 70, 60, 5, 5))
    server.add(2, "b.png")
    run = sync()
    assert labels() == {
        "a.png": [("cell", [0, 0, 10, 10]), ("nucleus", [70, 60, 5, 5])],
        "b.png": NUCLEUS,
    }
    assert labels(revision=1) == {"a.png": CELLS, "b.png": NUCLEUS}
    # The same box keeps its row; one went and one came.
    assert run.counts["labels_added"] == run.counts["labels_removed"] == 1
    assert run.counts["images_changed"] == 1
    assert run.revision == 2
    newest = list_revisions(database, project_id)[0]
    assert (newest.kind, newest.author, newest.note) == ("sync", "tester", "sync of tool")


def test_sync__without_a_difference_makes_no_revision(sync: Any, server: MemoryServer) -> None:
    server.add(1, "a.png", box("cell"))
    assert sync().revision == 2
    run = sync()
    assert run.revision is None
    assert run.counts["tasks_unchanged"] == 1


def test_sync__an_edited_box_is_one_changed_label(sync: Any, server: MemoryServer) -> None:
    server.add(1, "a.png", box("cell", 0, 0, 10, 10), box("cell", 40, 20, 40, 40))
    sync()
    server.annotate(1, box("cell", 0, 0, 10, 12), box("cell", 40, 20, 40, 40))
    run = sync()
    names = ("labels_added", "labels_removed", "labels_changed", "images_changed")
    assert [run.counts[name] for name in names] == [1, 1, 1, 1]


def test_sync__an_empty_annotation_is_a_background_image(
    sync: Any, server: MemoryServer, labels: Any, database: Database, project_id: int
) -> None:
    server.add(1, "a.png")
    server.annotate(1)
    sync()
    assert labels()["a.png"] == []
    assert labelled(database, project_id)["a.png"]


def test_sync__a_skipped_task_claims_nothing(sync: Any, server: MemoryServer, labels: Any) -> None:
    server.add(1, "a.png")
    server.annotate(1, box("cell"), cancelled=True)
    assert sync().revision is None
    assert labels()["a.png"] == CELLS


def test_sync__work_that_is_deleted_leaves_the_image_unlabelled(
    sync: Any, server: MemoryServer, labels: Any, database: Database, project_id: int
) -> None:
    server.add(1, "a.png", box("cell"))
    sync()
    server.clear(1)
    with pytest.raises(TooManyVanished, match="1 of the 1"):
        sync()
    assert labels()["a.png"] == [("cell", [0, 0, 10, 10])]
    run = sync(allow_removals=True)
    assert run.counts["labels_removed"] == 1
    assert labels()["a.png"] == []
    assert labelled(database, project_id) == {"a.png": False, "b.png": True}
    with database.read() as connection:
        before = read_images(connection, project_id, revision=2)
    assert before.labelled.tolist() == [True, True]


def test_sync__brings_images_and_takes_them_away_and_back(
    sync: Any, server: MemoryServer, labels: Any, database: Database, project_id: int
) -> None:
    for number in range(10):
        server.add(number, f"new/{number}.png", box("cell", number))
    run = sync()
    assert run.counts["images_added"] == 10
    assert labels()["new/3.png"] == [("cell", [3, 0, 10, 10])]
    assert get_project(database, project_id).images == 12
    gone = server.tasks.pop(3)
    run = sync()  # the totals differ, so everything is compared
    assert (run.counts["images_removed"], run.counts["tasks_deleted"]) == (1, 1)
    assert "new/3.png" not in labels()
    assert "new/3.png" in labels(revision=2)
    assert get_project(database, project_id).images == 11
    server.tasks[3] = gone
    run = sync(reconcile=True)
    assert run.counts["images_added"] == 0
    assert labels()["new/3.png"] == [("cell", [3, 0, 10, 10])]
    assert get_project(database, project_id).images == 12


def test_new_class__is_a_question_and_its_image_waits(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    server.classes = ("cell", "nucleus", "platelets", "dirt")
    server.add(1, "a.png", box("cell"), box("platelets"), box("dirt"))
    server.add(2, "b.png", box("nucleus", 1))
    run = sync()
    assert labels() == {"a.png": CELLS, "b.png": [("nucleus", [1, 0, 10, 10])]}
    assert run.counts["waiting"] == 1
    source = get_source(database, source_id)
    assert "2 classes wait for an answer: dirt, platelets" in source.attention
    assert [q.name for q in class_questions(database, source)] == ["dirt", "platelets"]
    answer_question(database, source, "platelets", answer="new", author="me")
    answer_question(database, source, "dirt", answer="ignore", author="me")
    run = sync()
    assert labels()["a.png"] == [("cell", [0, 0, 10, 10]), ("platelets", [0, 0, 10, 10])]
    assert (run.counts["regions_ignored"], run.counts["waiting"]) == (1, 0)
    assert get_source(database, source_id).attention == ""
    assert sync().revision is None


def test_renamed_class__is_offered_what_it_was_and_the_answer_is_kept(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("cell"))
    sync()
    server.classes = ("red cell", "nucleus")
    server.annotate(1, box("red cell"))
    sync()
    source = get_source(database, source_id)
    (question,) = class_questions(database, source)
    assert (question.name, question.gone) == ("red cell", ("cell",))
    answer_question(database, source, "red cell", answer="class", class_name="cell", author="me")
    assert sync().revision is None  # it is the same label again
    answer_question(database, source, "red cell", answer="class", class_name="nucleus", author="me")
    sync()
    assert labels()["a.png"] == [("nucleus", [0, 0, 10, 10])]


def test_region_that_cannot_be_converted__holds_its_whole_image(
    sync: Any, server: MemoryServer, labels: Any, database: Database, source_id: int
) -> None:
    server.add(1, "a.png", box("cell"), {"fault": "no finite number"})
    run = sync()
    assert labels()["a.png"] == CELLS
    assert run.problems == [
        {
            "what": "a region cannot be converted",
            "count": 1,
            "examples": ["a.png: region r1: no finite number"],
        }
    ]
    assert held_tasks(database, source_id) == {"a region cannot be converted": 1}
    server.annotate(1, box("cell"))
    sync()
    assert labels()["a.png"] == [("cell", [0, 0, 10, 10])]
    assert held_tasks(database, source_id) == {}


def test_dry_run__tells_the_difference_and_changes_nothing(
    sync: Any, server: MemoryServer, labels: Any
) -> None:
    server.add(1, "a.png", box("cell", 1))
    run = sync(dry_run=True)
    assert (run.kind, run.revision) == ("dry run", None)
    assert (run.counts["labels_added"], run.counts["labels_removed"]) == (1, 2)
    assert labels()["a.png"] == CELLS
    assert sync().counts["labels_added"] == 1
    assert labels()["a.png"] == [("cell", [1, 0, 10, 10])]


@pytest.mark.parametrize("state", ["submitted", "accepted", "ground truth"])
def test_work_state__decides_which_annotation_counts(
    sync: Any, server: MemoryServer, labels: Any, change: Any, state: str
) -> None:
    change(work_state=state)
    server.add(1, "b.png")
    server.annotate(1, box("cell", 2), name="older")
    server.annotate(1, box("cell", 3), name="newer")
    server.add(2, "a.png")
    server.annotate(2, box("cell", 1), name="best", ground_truth=True)
    sync()
    assert labels() == {
        "a.png": [("cell", [1, 0, 10, 10])],
        "b.png": [("cell", [3, 0, 10, 10])] if state == "submitted" else NUCLEUS,
    }


def test_ground_truth__comes_before_newer_work(
    sync: Any, server: MemoryServer, labels: Any
) -> None:
    server.add(1, "b.png")
    server.annotate(1, box("cell", 1), name="best", ground_truth=True)
    server.annotate(1, box("cell", 3), name="newer")
    sync()
    assert labels()["b.png"] == [("cell", [1, 0, 10, 10])]


def test_id_that_is_given_again__is_another_task(
    sync: Any, server: MemoryServer, labels: Any
) -> None:
    for number in range(9):
        server.add(number, f"{number}.png", box("cell", number))
    sync()
    del server.tasks[8]
    server.add(8, "again.png", box("nucleus"))
    run = sync()
    assert "8.png" not in labels()
    assert labels()["again.png"] == [("nucleus", [0, 0, 10, 10])]
    assert (run.counts["images_added"], run.counts["images_removed"]) == (1, 1)
    assert sync(reconcile=True).revision is None


def test_annotation_that_moves_to_another_task__without_any_time_moving(
    sync: Any, server: MemoryServer, labels: Any
) -> None:
    """What the tool's action "remove duplicates" does."""
    for number in range(6):
        server.add(number, f"{number}.png", box("cell", number))
    server.add(6, "0.png")
    sync()
    moved = server.tasks.pop(0).annotations
    server.tasks[6] = replace(server.tasks[6], annotations=moved, status="submitted")
    run = sync()
    assert labels()["0.png"] == [("cell", [0, 0, 10, 10])]
    assert run.counts["labels_removed"] == 0
    assert sync(reconcile=True).revision is None


def test_several_tasks_of_one_image__the_newest_work_counts(
    sync: Any, server: MemoryServer, labels: Any
) -> None:
    server.add(1, "a.png", box("cell", 1))
    server.add(2, "a.png", box("cell", 2))
    run = sync()
    assert labels()["a.png"] == [("cell", [2, 0, 10, 10])]
    assert [problem["what"] for problem in run.problems] == [
        "several tasks have work for one image; the newest counts"
    ]


def test_marks__come_and_go_with_their_annotation(
    sync: Any, server: MemoryServer, database: Database
) -> None:
    server.add(1, "a.png", box("cell"), {"mark": "blurred"})
    assert sync().counts["marks_added"] == 1
    server.annotate(1, box("cell"), {"mark": "sharp"})
    run = sync()
    assert (run.counts["marks_added"], run.counts["marks_removed"]) == (1, 1)
    assert run.counts["labels_added"] == 0


def test_reevaluation__follows_where_the_project_says_so(
    two_sets: Any, database: Database, settings: Settings, server: MemoryServer, run_job: Any
) -> None:

    project_id, first, second = two_sets
    source_id = keep_source(database, settings, SourceDraft(project_id, "tool", "memory", "here"))
    server.add(1, "a.png", box("cell"))
    job_id, _ = create_sync(database, SyncRequest(source_id, "one"))
    run_job(job_id)
    assert not evaluation_state(database, first, "bbox").ready  # stale
    set_reevaluates(database, project_id, value=True)

    evaluate_set(database, first)
    server.annotate(1, box("cell"), box("nucleus"))
    job_id, _ = create_sync(database, SyncRequest(source_id, "one"))
    run_job(job_id)
    assert evaluation_state(database, first, "bbox").ready
    assert not evaluation_state(database, second, "bbox").ready  # it was stale before already


def test_task_that_we_sent__shows_a_draft_that_moves_no_time(
    sync: Any, server: MemoryServer, database: Database, source_id: int, project_id: int
) -> None:
    with database.read() as connection:
        first = int(read_images(connection, project_id).id[0])
    server.add(1, "a.png", image_key=f"image-{first}")
    sync()
    assert task_statuses(database, source_id) == {"waiting": 1}
    server.tasks[1] = replace(server.tasks[1], status="in progress")
    sync()
    assert task_statuses(database, source_id) == {"in progress": 1}


def test_work_state__that_is_changed_later_decides_anew(
    sync: Any, server: MemoryServer, labels: Any, change: Any
) -> None:
    server.add(1, "a.png")
    server.annotate(1, box("cell", 1), name="best", ground_truth=True)
    server.add(2, "b.png", box("cell", 3))
    sync()
    assert labels()["b.png"] == [("cell", [3, 0, 10, 10])]
    change(work_state="ground truth")
    run = sync(allow_removals=True)
    assert run.counts["labels_removed"] == 1
    assert labels() == {"a.png": [("cell", [1, 0, 10, 10])], "b.png": []}
    change(work_state="submitted")
    sync()
    assert labels()["b.png"] == [("cell", [3, 0, 10, 10])]
