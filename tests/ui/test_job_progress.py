from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from ui.job_progress import progress_text

START = datetime(2026, 1, 1, tzinfo=UTC)


def job(**values: Any) -> Any:
    known = {"done": 0, "total": 0, "message": "", "created": START}
    return SimpleNamespace(**{**known, **values})


def test_progress_text__not_begun() -> None:
    assert progress_text(job(), START) == "waiting for a worker"


def test_progress_text__rate_and_time_left() -> None:
    text = progress_text(job(done=50, total=200, message="Writing"), START + timedelta(seconds=25))
    assert text == "50 of 200 · 2.0/s · about 0:01:15 left · Writing"


def test_progress_text__nothing_done_has_no_rate() -> None:
    assert progress_text(job(total=200), START + timedelta(seconds=25)) == "0 of 200"
