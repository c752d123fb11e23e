"""The closing table of `make test`, and what counts as a failed run."""

from __future__ import annotations

import pytest

from scripts.test import LANES, Lane, Outcome, closing_lines, failed, run, table

UNIT = Outcome("unit", "pass", 31.2, closing="=== 40 passed, 2 skipped, 9 deselected in 30.00s ===")
POSTGRES = Outcome(
    "postgresql", "fail", 12.0, "exit code 1", "=== 1 failed, 8 passed, 1 error in 11.50s ==="
)
NO_BROWSER = Outcome("journeys", "skip", 0.0, "no chromium")


def test_table__names_every_lane_with_status_and_time() -> None:
    assert table([UNIT, POSTGRES, NO_BROWSER]).splitlines() == [
        "lane          status   seconds",
        "unit          pass        31.2  40 passed, 2 skipped, 9 deselected",
        "postgresql    fail        12.0  exit code 1, 1 failed, 8 passed, 1 error",
        "journeys      skip         0.0  no chromium",
    ]


def test_closing_lines__end_with_the_sum_over_lanes() -> None:
    assert closing_lines([UNIT, POSTGRES, NO_BROWSER]).splitlines() == [
        "unit: === 40 passed, 2 skipped, 9 deselected in 30.00s ===",
        "postgresql: === 1 failed, 8 passed, 1 error in 11.50s ===",
        f"{'=' * 20} 1 failed, 48 passed, 2 skipped, 1 error in 43.20s {'=' * 20}",
    ]


@pytest.mark.parametrize(("ci", "expected"), [("true", True), ("", False)])
def test_failed__counts_a_skipped_lane_in_ci_only(
    ci: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", ci)
    assert failed(NO_BROWSER) is expected
    assert failed(POSTGRES)
    assert not failed(UNIT)


def test_run__stops_a_lane_at_its_first_failing_command(capsys: pytest.CaptureFixture[str]) -> None:
    lane = Lane("shell", (("sh", "-c", "echo one; exit 3"), ("sh", "-c", "echo two")))
    outcome = run(lane)
    assert (outcome.status, outcome.note) == ("fail", "exit code 3")
    assert capsys.readouterr().out == "\n──── shell ────\none\n"


def test_lanes__run_every_marker_once() -> None:
    chosen = [command[-1] for lane in LANES for command in lane.commands if "-m" in command]
    assert chosen == [
        "not postgresql and not s3 and not label_studio and not journey",
        "postgresql and not label_studio and not journey",
        "s3 and not label_studio and not journey",
        "label_studio and not journey",
        "journey",
    ]
