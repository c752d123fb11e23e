"""Numbers of an older label revision are marked, on the project page and in Model Evaluation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from curation.store.jobs import finish_job, list_jobs
from curation.sync.sources import SourceDraft, keep_source
from curation.sync.syncing import SyncRequest, create_sync
from tests.curation.sync.conftest import server
from tests.curation.sync.memory_tool import MemoryServer, box
from tests.ui.test_screens import texts

if TYPE_CHECKING:
    from collections.abc import Callable

    from streamlit.testing.v1 import AppTest

    from curation.settings import Settings
    from curation.store.database import Database

    OpenScreen = Callable[..., AppTest]

__all__ = ["server"]


@pytest.fixture
def synced(
    two_sets: tuple[int, int, int],
    server: MemoryServer,
    database: Database,
    settings: Settings,
    run_job: Any,
) -> int:
    """Both sets are evaluated on revision 1; a sync changes the nucleus of b.png: revision 2."""
    project_id = two_sets[0]
    server.add(2, "b.png", box("nucleus", 5, 5, 20, 24))
    source_id = keep_source(database, settings, SourceDraft(project_id, "tool", "memory", "here"))
    job_id, _ = create_sync(database, SyncRequest(source_id, "tester"))
    run_job(job_id)
    for job in list_jobs(database):  # as the engine would, which these tests do without
        finish_job(database, job.id, "done")
    return project_id


def test_project__sets_that_were_evaluated_before_a_sync_are_stale(
    synced: int, open_screen: OpenScreen
) -> None:
    app = open_screen("project")
    sets = app.main.dataframe[0].value
    assert sets["Evaluated on"].tolist() == ["revision 1 · stale", "revision 1 · stale"]


def test_project__a_revision_leads_to_the_run_that_made_it(
    synced: int, open_screen: OpenScreen
) -> None:
    app = open_screen("project", revision="2")
    revisions = app.main.dataframe[3].value
    assert revisions["Kind"].tolist() == ["sync", "import"]
    # An import adds images; the sync took the imported box away and brought its own.
    assert revisions["Images"].tolist() == ["~1", "+2"]
    assert revisions["Labels"].tolist() == ["+1 −1", "+3"]
    (link,) = app.main.get("page_link")
    assert link.proto.label == "Run 1 of tool made revision 2"
    assert "No sync made revision 1" in texts(open_screen("project", revision="1"))


def test_model_evaluation__says_of_which_revision_the_numbers_are(
    synced: int, open_screen: OpenScreen
) -> None:
    app = open_screen("model_evaluation", set="second", against="first")
    said = texts(app)
    assert "not evaluated by boxes on this label revision yet" in said
    stale = (
        "has stale numbers: evaluated on revision 1, labels are at revision 2 "
        "(sync of tool; 2 labels changed)."
    )
    assert [each.value for each in app.main.caption] == [
        f"**second** {stale}",
        f"**first** {stale}",
    ]
    assert [button.label for button in app.main.button][-1] == "Evaluate now"
